# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene's capture settings, and the plain values that are copied out of them."""

from types import SimpleNamespace

import bpy
import pytest

from tests.blender.rigs import add_humanoid
from vitpose_blender.blender import capture_start
from vitpose_blender.blender.calibration_settings import camera_name
from vitpose_blender.core.errors import CharacterError, SourceError
from vitpose_blender.core.filters import PRESETS
from vitpose_blender.live.config import CaptureConfig, Driven


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(capture_start, "user_folder", lambda name: tmp_path / name)
    monkeypatch.setattr(capture_start, "interpreter", lambda: ("python", ("lib",)))
    return tmp_path


@pytest.fixture
def capture():
    return bpy.context.scene.vitpose.capture


def config():
    return capture_start.capture_config(bpy.context)


def driven():
    return capture_start.driven(bpy.context)


def test_settings_left_alone_say_what_the_config_says_by_itself(capture, own_folder):
    capture.source = "CAMERA"
    assert config() == CaptureConfig(
        "0",
        own_folder / "journal",
        python="python",
        python_paths=("lib",),
        cameras=str(own_folder / "cameras"),
        camera=camera_name(capture),
    )


def test_every_setting_arrives(capture, own_folder):
    film = own_folder / "film.mp4"
    film.touch()
    capture.source, capture.video = "VIDEO", str(film)
    capture.fov, capture.tilt, capture.fps = 71.5, -3.25, 24.0
    capture.mirror, capture.body, capture.preset = True, "SEATED", "CRISP"
    capture.keeps_binding = capture.hands_meet = True
    assert config() == CaptureConfig(
        str(film),
        own_folder / "journal",
        preset="crisp",
        fov=71.5,
        tilt=-3.25,
        mirror=True,
        body="seated",
        hands_meet=True,
        fps=24.0,
        keeps_binding=True,
        python="python",
        python_paths=("lib",),
        cameras=str(own_folder / "cameras"),
        camera=camera_name(capture),
    )


def test_the_preferences_arrive(capture, monkeypatch):
    chosen = SimpleNamespace(device="cuda", detector="", engine="thread")
    shared = []
    monkeypatch.setattr(capture_start, "prefs", lambda: chosen)
    monkeypatch.setattr(capture_start, "chosen_model", lambda: "my/model")
    monkeypatch.setattr(capture_start, "share_with_blender", lambda: shared.append(1))
    capture.source = "CAMERA"
    got = config()
    assert (got.model, got.device, got.detector, got.engine) == (
        "my/model", "cuda", "auto", "thread",
    )  # fmt: skip
    assert got.allow_download == bpy.app.online_access
    assert shared == [1]  # A thread of Blender needs the runtime's packages here.


@pytest.mark.parametrize("name", ["preset", "body"])
def test_every_choice_means_something(capture, name):
    capture.source = "CAMERA"
    known = {"preset": set(PRESETS), "body": {"full", "upper", "seated"}}[name]
    said = set()
    for item in capture.bl_rna.properties[name].enum_items:
        setattr(capture, name, item.identifier)
        said.add(getattr(config(), name))
    assert said == known


@pytest.mark.parametrize(
    ("settings", "source"),
    [
        ({"source": "CAMERA", "camera": "2"}, "2"),
        ({"source": "STREAM", "url": " rtsp://cam/live "}, "rtsp://cam/live"),
        ({"source": "UDP"}, "udp://127.0.0.1:17017"),
        ({"source": "UDP", "host": "::1", "port": 9}, "udp://[::1]:9"),
    ],
)
def test_sources_without_a_file(capture, settings, source):
    for name, value in settings.items():
        setattr(capture, name, value)
    assert config().source == source


def test_paths_beside_the_blend_file_are_found(capture, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    (tmp_path / "points.json").touch()
    capture = bpy.context.scene.vitpose.capture
    capture.source, capture.recorded = "RECORDED", "//points.json"
    capture.footage = "//film.mp4"
    assert config().source == str(tmp_path / "points.json")
    assert config().footage == str(tmp_path / "film.mp4")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": "VIDEO"}, "Choose a video"),
        ({"source": "VIDEO", "video": "no-such.mp4"}, "no file .*no-such.mp4"),
        ({"source": "STREAM", "url": " "}, "address of the stream"),
        ({"source": "UDP", "host": ""}, "where to listen"),
        ({"source": "RECORDED"}, "Choose a take"),
        ({"source": "RECORDED", "recorded": "gone.json"}, "no file .*gone.json"),
    ],
)
def test_what_is_missing_is_one_sentence(capture, settings, message):
    for name, value in settings.items():
        setattr(capture, name, value)
    with pytest.raises(SourceError, match=message):
        config()


def test_the_sample_clip_comes_along(capture):
    assert capture_start.sample_video().is_file()


def test_the_panels_character_is_driven(capture):
    with pytest.raises(CharacterError, match="load one"):
        driven()
    hero, other = add_humanoid("Hero"), add_humanoid("Other")
    bpy.context.view_layer.objects.active = other
    assert driven() == [Driven("Other")]
    bpy.context.scene.vitpose.armature = hero
    capture.person = 3
    assert driven() == [Driven("Hero", 3)]


def test_listed_characters_are_driven_instead(capture):
    bpy.context.scene.vitpose.armature = add_humanoid("Hero")
    for number in (2, 1):
        actor = capture.actors.add()
        actor.person = number
    assert driven() == [Driven("Hero")]
    capture.actors[0].armature = add_humanoid("Other")
    assert driven() == [Driven("Other", 2)]
    capture.actors[1].armature = bpy.data.objects["Hero"]
    assert driven() == [Driven("Other", 2), Driven("Hero", 1)]
    bpy.context.scene.collection.objects.unlink(bpy.data.objects["Other"])
    assert capture.actors[0].armature is not None  # As after deleting it by hand.
    assert driven() == [Driven("Hero", 1)]
