# SPDX-License-Identifier: GPL-3.0-or-later
"""What travels between Blender and a capture's process comes out as it went in."""

import io
import json
import threading

import numpy as np
import pytest

from vitpose_blender.core import errors
from vitpose_blender.live import wire
from vitpose_blender.live.child import Commands, Messages, NobodyListens
from vitpose_blender.live.config import CaptureConfig
from vitpose_blender.live.shared_pictures import PictureReader, PictureWriter
from vitpose_blender.streaming.errors import StreamError

WAIT = 20  # [s]


def test_all_settings_travel(tmp_path):
    config = CaptureConfig(
        "0", tmp_path, fov=50.0, fps=25.0, mirror=True, python_paths=("a", "b")
    )
    job = json.loads(wire.job_line(config, -1, 7, ["x"]))
    assert wire.config_of(job) == config
    assert (job["person"], job["pictures"], job["paths"]) == (-1, 7, ["x"])


@pytest.mark.parametrize(
    "kind",
    [errors.VitposeError, errors.CameraError, errors.WeightsError, StreamError],
)
def test_errors_travel_with_their_class(kind):
    message = json.loads(json.dumps(wire.error_message(kind("A sentence"))))
    found = wire.error_of(message)
    assert type(found) is kind
    assert str(found) == "A sentence"


def test_an_unknown_error_is_its_nearest_ancestor():
    class Odd(errors.CameraError):
        pass

    assert type(wire.error_of(wire.error_message(Odd("x")))) is errors.CameraError


@pytest.fixture
def pictures():
    with PictureReader() as reader, PictureWriter(reader.ticket) as writer:
        yield reader, writer


def image(value: int, height: int = 4) -> np.ndarray:
    return np.full((height, 6, 3), value, np.uint8)


def test_pictures_come_out_as_they_went_in(pictures, rng):
    reader, writer = pictures
    for _ in range(5):
        picture = rng.integers(0, 255, (4, 6, 3), np.uint8)
        told = json.loads(json.dumps(writer.put(picture)))
        np.testing.assert_array_equal(reader.get(told), picture)
        writer.give_back(told["place"])


def test_nothing_is_written_where_somebody_may_read(pictures):
    reader, writer = pictures
    first, second = writer.put(image(1)), writer.put(image(2))
    assert writer.put(image(3)) is None
    np.testing.assert_array_equal(reader.get(first), image(1))
    np.testing.assert_array_equal(reader.get(second), image(2))
    writer.give_back(second["place"])
    third = writer.put(image(4))
    np.testing.assert_array_equal(reader.get(first), image(1))
    np.testing.assert_array_equal(reader.get(third), image(4))


def test_a_picture_outlives_its_memory(pictures):
    reader, writer = pictures
    found = reader.get(writer.put(image(9)))
    reader.close()
    writer.close()
    np.testing.assert_array_equal(found, image(9))


def test_what_does_not_fit_is_left_out(pictures):
    reader, writer = pictures
    assert writer.put(None) is None
    reader.get(writer.put(image(1)))
    assert writer.put(image(1, height=5)) is None
    assert writer.put(image(2, height=3)) is not None


def test_pictures_without_memory_are_left_out():
    with PictureWriter(None) as writer:
        assert writer.put(image(1)) is None


def test_a_full_disk_costs_the_pictures_only(full_disk):
    with PictureReader() as reader, PictureWriter(reader.ticket) as writer:
        with full_disk(10):
            assert writer.put(image(1)) is None
        assert writer.put(image(1)) is None


class Heard:
    def __init__(self, text: bytes) -> None:
        self.ended = threading.Event()
        self.places: list[int] = []
        self.out = io.BytesIO()
        stream = io.BytesIO(text)
        messages = Messages(self.out)
        commands = Commands(stream, messages, self.ended.set, self.places.append)
        self.people: list[int] = []
        commands.set_person = self.people.append
        commands.start()
        assert self.ended.wait(WAIT)
        self.out.close()  # Ends the beats, too.


def test_a_child_gives_places_back_and_stops():
    assert Heard(b"beat\nback 1\nback 0\nstop\nback 7\n").places == [1, 0]


def test_a_child_is_told_who_is_wanted():
    assert Heard(b"person 3\nperson -1\nstop\nperson 2\n").people == [3, -1]


def test_the_end_of_its_input_ends_a_child():
    assert Heard(b"beat\n").places == []


def test_nobody_listening_is_told():
    stream = io.BytesIO()
    stream.close()
    with pytest.raises(NobodyListens):
        Messages(stream).send("beat")
