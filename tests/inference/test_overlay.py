# SPDX-License-Identifier: GPL-3.0-or-later
"""Skeletons on pictures and in videos that open again."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from vitpose_blender.core.errors import OutputError
from vitpose_blender.core.layouts import COCO17, LAYOUTS
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.types import Keypoints2D
from vitpose_blender.inference.overlay import OverlayWriter, draw_people

GREY = 90
WH = (160, 120)


def picture(value=GREY):
    return np.full((WH[1], WH[0], 3), value, np.uint8)


def person(rng, layout_id="coco17", number=1, box=None, score=1.0):
    size = len(LAYOUTS[layout_id])
    xy = rng.uniform((10, 10), (150, 110), (size, 2))
    keypoints = Keypoints2D(xy, np.full(size, score), 0.0, layout_id)
    return Packet(keypoints, number, 0, WH, box=box)


def means(path: Path) -> list[float]:
    """Return the mean grey of each frame of a video."""
    capture = cv2.VideoCapture(str(path))
    out = []
    while True:
        is_read, image = capture.read()
        if not is_read:
            return out
        out.append(float(image.mean()))


@pytest.mark.parametrize("layout_id", sorted(LAYOUTS))
def test_every_layout_is_drawn_at_its_keypoints(rng, layout_id):
    before = picture()
    packet = person(rng, layout_id)
    drawn = draw_people(before, [packet])

    assert (before == GREY).all()
    columns, rows = np.round(packet.keypoints.xy).astype(int).T
    assert (drawn[rows, columns] != GREY).any(axis=1).all()


def test_nobody_leaves_the_picture_as_it_is():
    np.testing.assert_array_equal(draw_people(picture(), []), picture())


@pytest.mark.parametrize(
    "kind", ["unseen", "unsure"], ids=["no keypoints", "low scores"]
)
def test_what_is_not_seen_is_not_drawn(rng, kind):
    packet = person(rng, score=0.1)
    if kind == "unseen":
        unseen = Keypoints2D(np.full((17, 2), np.nan), np.zeros(17), 0.0)
        packet = Packet(unseen, 1, 0, WH)
    np.testing.assert_array_equal(draw_people(picture(), [packet]), picture())


def test_sides_have_colours_of_their_own():
    xy = np.full((17, 2), np.nan)
    left, right = COCO17.index["left_wrist"], COCO17.index["right_wrist"]
    xy[left], xy[right] = (40, 60), (120, 60)
    packet = Packet(Keypoints2D(xy, np.ones(17), 0.0), 1, 0, WH)
    drawn = draw_people(picture(), [packet]).astype(int)

    blue, _, red = np.moveaxis(drawn, -1, 0)
    assert red[60, 40] > blue[60, 40]  # Orange.
    assert blue[60, 120] > red[60, 120]


def test_keypoints_far_outside_do_no_harm(rng):
    packet = person(rng)
    xy = packet.keypoints.xy.copy()
    xy[5:9] = [[9e4, -9e4], [-9e4, 9e4], [9e4, 9e4], [60, 60]]
    far = Packet(Keypoints2D(xy, np.ones(17), 0.0), 1, 0, WH, box=(-9e4, 9e4, 5, 5))
    assert draw_people(picture(), [far]).shape == picture().shape


def test_a_box_carries_the_number_of_the_person(rng):
    plain, boxed = person(rng), person(rng, box=(20.0, 40.0, 60.0, 60.0))
    boxed = Packet(plain.keypoints, 1, 0, WH, box=boxed.box)
    with_label = draw_people(picture(), [boxed])
    assert (with_label != draw_people(picture(), [plain])).any()


def test_a_video_holds_every_picture_in_order(tmp_path):
    values = np.linspace(20, 220, 12).round()
    path = tmp_path / "new folder" / "drawn.mp4"
    with OverlayWriter(path, WH, 25.0) as writer:
        for index, value in enumerate(values):
            writer.write(picture(value), 100.0 + index / 25)

    np.testing.assert_allclose(means(path), values, atol=4)
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == pytest.approx(25)


def test_a_slow_source_keeps_its_speed(tmp_path):
    path = tmp_path / "drawn.mp4"
    with OverlayWriter(path, WH, 30.0) as writer:
        for value, t in ((20, 7.0), (120, 7.1), (220, 7.3)):
            writer.write(picture(value), t)

    expected = [20] * 3 + [120] * 6 + [220]
    np.testing.assert_allclose(means(path), expected, atol=6)


def test_a_fast_source_keeps_its_speed(tmp_path):
    path = tmp_path / "drawn.mp4"
    with OverlayWriter(path, WH, 30.0) as writer:
        for index in range(61):
            writer.write(picture(), index / 60)
    assert len(means(path)) == 31


def test_a_source_without_a_rate_is_written_too(tmp_path):
    path = tmp_path / "drawn.mp4"
    with OverlayWriter(path, WH, None) as writer:
        for index in range(4):
            writer.write(picture(), index / 30)
    assert len(means(path)) == 4


@pytest.mark.parametrize("name", ["drawn", "drawn.xyz", "folder.mp4", "file/drawn.mp4"])
def test_what_cannot_be_written_is_one_sentence(tmp_path, name, capfd):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"Cannot write .*drawn|folder\.mp4"):
        OverlayWriter(tmp_path / name, WH, 25.0)
    assert capfd.readouterr().err == ""


def test_a_full_disk_is_told_at_the_end(tmp_path, rng, full_disk):
    path = tmp_path / "drawn.mp4"
    noise = rng.integers(0, 255, (8, WH[1], WH[0], 3)).astype(np.uint8)

    def write_all():
        with OverlayWriter(path, WH, 25.0) as writer:
            for index, image in enumerate(noise):
                writer.write(image, index / 25)

    with full_disk(20_000), pytest.raises(OutputError, match="free some disk space"):
        write_all()
    write_all()
    assert len(means(path)) == len(noise)


def test_an_error_while_writing_is_not_hidden(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        OverlayWriter(tmp_path / "drawn.mp4", WH, 25.0),
    ):
        raise ZeroDivisionError
