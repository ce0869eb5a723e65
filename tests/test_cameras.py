# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of this machine's cameras, from systems that the test plays."""

import json
import subprocess

import pytest

from vitpose_blender.live import cameras
from vitpose_blender.live.cameras import CameraName, find_cameras


@pytest.fixture
def system(monkeypatch):
    """Play another system, whose programs answer as given."""

    def play(name, answer=""):
        def run(command, **_):
            if isinstance(answer, Exception):
                raise answer
            return subprocess.CompletedProcess(command, 0, answer.encode(), b"")

        monkeypatch.setattr(cameras.platform, "system", lambda: name)
        monkeypatch.setattr(cameras.subprocess, "run", run)

    return play


@pytest.fixture
def v4l(monkeypatch, tmp_path):
    """Linux with the given nodes: number, name, place in their device."""

    def play(*nodes):
        for number, name, place in nodes:
            folder = tmp_path / f"video{number}"
            folder.mkdir()
            (folder / "name").write_text(f"{name}\n")
            (folder / "index").write_text(f"{place}\n")
        (tmp_path / "v4l-subdev0").mkdir()
        monkeypatch.setattr(cameras.platform, "system", lambda: "Linux")
        monkeypatch.setitem(
            cameras._FINDERS, "Linux", lambda: cameras._of_linux(tmp_path)
        )

    return play


def names(found):
    return [(camera.index, camera.name) for camera in found]


def test_linux_names_what_delivers_pictures(v4l):
    # Nodes that cannot be asked count if they are their device's first.
    v4l((810, "Webcam", 0), (811, "Webcam", 1), (812, "Capture Card", 0))
    assert find_cameras() == (
        CameraName(810, "Webcam"),
        CameraName(812, "Capture Card"),
    )


def test_linux_without_a_camera_has_none(v4l):
    v4l()
    assert find_cameras() == ()


def test_two_of_one_kind_can_be_told_apart(v4l):
    v4l((810, "Webcam", 0), (812, "Webcam", 0))
    assert names(find_cameras()) == [(810, "Webcam (810)"), (812, "Webcam (812)")]


@pytest.mark.parametrize(
    ("answer", "first"),
    [
        ('"HD Webcam"', ["HD Webcam", "Camera 1", "Camera 2"]),
        ('["A", "B", "C", "D"]', ["A", "B", "C", "D"]),
        ("", ["Camera 0", "Camera 1", "Camera 2"]),
        ("not json", ["Camera 0", "Camera 1", "Camera 2"]),
        (FileNotFoundError("powershell"), ["Camera 0", "Camera 1", "Camera 2"]),
        (
            subprocess.TimeoutExpired("powershell", 20),
            ["Camera 0", "Camera 1", "Camera 2"],
        ),
    ],
)
def test_windows_names_what_it_knows_and_leaves_room_for_others(
    system, answer, first
):  # fmt: skip
    system("Windows", answer)
    assert names(find_cameras()) == list(enumerate(first))


def test_macos_numbers_cameras_by_their_ids(system):
    table = [
        {"_name": "iPhone", "spcamera_unique-id": "B"},
        {"_name": "FaceTime", "spcamera_unique-id": "A"},
    ]
    system("Darwin", json.dumps({"SPCameraDataType": table}))
    assert names(find_cameras())[:2] == [(0, "FaceTime"), (1, "iPhone")]


def test_an_unknown_system_has_numbers(system):
    system("Plan 9")
    assert names(find_cameras()) == [(n, f"Camera {n}") for n in range(3)]
