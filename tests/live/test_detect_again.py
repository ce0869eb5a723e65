# SPDX-License-Identifier: GPL-3.0-or-later
"""A take's video looked at again: all of its time, its camera, another model."""

from contextlib import contextmanager

import numpy as np
import pytest

from vitpose_blender.core.errors import TakeError
from vitpose_blender.core.journal import STATE_KEY
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.take import SOLVED_KEY, Take, TakeHeader, read_take
from vitpose_blender.core.types import Keypoints2D
from vitpose_blender.live.config import CaptureConfig
from vitpose_blender.live.detect_again import detect_again
from vitpose_blender.live.feed import Feed, Opening, Seen

FPS = 30.0
OLD = TakeHeader("dance.mp4", "old", "geometric", (640, 480), 50.0, 12.0)
STATE = {"characters": {"Hero": {"manner": {"person": 3, "mirror": True}}}}


def packet(frame, person, score=0.9):
    xy = np.linspace([200.0, 50.0], [300.0, 400.0], 17)
    keypoints = Keypoints2D(xy, np.full(17, score), frame / FPS)
    return Packet(keypoints, person=person, frame=frame, image_wh=(640, 480))


def old_take(*people, frames=range(10, 20), calibration=None):
    header = TakeHeader(
        **{each: getattr(OLD, each) for each in ("source", "model", "lifter")},
        image_wh=OLD.image_wh,
        fov=OLD.fov,
        tilt=OLD.tilt,
        calibration={STATE_KEY: STATE, "height": 1.8} | (calibration or {}),
    )
    return Take(header, tuple(packet(f, who) for f in frames for who in people))


class Video:
    """A feed of pictures with somebody in each; notes how it was opened."""

    def __init__(self, num_frames=40, image_wh=(640, 480)):
        self.looked, self.opened, self.num_interrupts = 0, [], 0
        self._header = TakeHeader("dance.mp4", "new", "learned", image_wh)
        self._num_frames = num_frames

    @contextmanager
    def open(self, config, person, opening):
        self.opened.append((config, person))
        yield Feed(self._header, "cpu", self._seen(), self._interrupt)

    def _interrupt(self):
        self.num_interrupts += 1

    def _seen(self):
        for frame in range(self._num_frames):
            self.looked += 1
            t = frame / FPS
            yield Seen(t, t, (packet(frame, 1, 0.5),), None)


@pytest.fixture
def config(tmp_path):
    return CaptureConfig("dance.mp4", tmp_path, fov=60.0)


def test_every_picture_of_the_takes_time_is_in_the_new_take(config, tmp_path):
    video, told, path = Video(), [], tmp_path / "new.take.jsonl"
    detect_again(old_take(3), config, path, Opening(), told.append, video.open)
    made = read_take(path)
    assert [each.frame for each in made.packets] == list(range(10, 20))
    assert {float(each.keypoints.score[0]) for each in made.packets} == {0.5}
    assert video.looked == 21  # One more tells that the time is over.
    assert video.num_interrupts == 1
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_camera_stays_and_the_model_is_the_new_one(config, tmp_path):
    video, path = Video(), tmp_path / "new.take.jsonl"
    take = old_take(3, calibration={SOLVED_KEY: "Solved again: learned, smooth"})
    detect_again(take, config, path, Opening(), lambda _: None, video.open)
    header = read_take(path).header
    assert (header.model, header.lifter) == ("new", "learned")
    assert (header.fov, header.tilt) == (50.0, 12.0)
    assert header.calibration["height"] == 1.8
    assert SOLVED_KEY not in header.calibration
    manner = header.calibration[STATE_KEY]["characters"]["Hero"]["manner"]
    assert manner == {"person": 0, "mirror": True}  # Whoever is seen.
    used, person = video.opened[0]
    assert (used.fov, used.tilt, used.paced) == (50.0, 12.0, False)
    assert person == 0


def test_everybody_is_looked_at_where_several_were(config, tmp_path):
    video, path = Video(), tmp_path / "new.take.jsonl"
    detect_again(old_take(3, 4), config, path, Opening(), lambda _: None, video.open)
    assert video.opened[0][1] == -1
    manners = read_take(path).header.calibration[STATE_KEY]["characters"]
    assert manners["Hero"]["manner"]["person"] == 3


def test_people_keep_their_numbers(config, tmp_path):
    path = tmp_path / "new.take.jsonl"
    detect_again(old_take(3), config, path, Opening(), lambda _: None, Video().open)
    assert read_take(path).people == [3]


def test_the_video_is_looked_at_from_just_before_the_take(config, tmp_path):
    video, path = Video(120), tmp_path / "new.take.jsonl"
    take = old_take(3, frames=range(90, 100))
    detect_again(take, config, path, Opening(), lambda _: None, video.open)
    assert video.opened[0][0].start == pytest.approx(2.0)


@pytest.mark.parametrize("after", [1, 5])
def test_who_stops_it_gets_no_take(config, tmp_path, after):
    class StoppedError(Exception):
        pass

    told = []

    def stop(share):
        told.append(share)
        if len(told) == after:
            raise StoppedError

    path = tmp_path / "new.take.jsonl"
    with pytest.raises(StoppedError):
        detect_again(old_take(3), config, path, Opening(), stop, Video().open)
    assert list(tmp_path.iterdir()) == []


def test_a_feed_that_was_told_to_end_makes_no_take(config, tmp_path):
    """Who stops it wakes the feed first, which then ends as if the clip had."""

    class StoppedError(Exception):
        pass

    video = Video(15)

    def stop(share):
        if video.looked >= 14 and share == 1.0:
            raise StoppedError

    path = tmp_path / "new.take.jsonl"
    with pytest.raises(StoppedError):
        detect_again(old_take(3), config, path, Opening(), stop, video.open)
    assert list(tmp_path.iterdir()) == []


def test_another_video_is_told(config, tmp_path):
    video, path = Video(image_wh=(1280, 720)), tmp_path / "new.take.jsonl"
    with pytest.raises(TakeError, match="1280 x 720, those of the take 640 x 480"):
        detect_again(old_take(3), config, path, Opening(), lambda _: None, video.open)
    assert not path.exists()


def test_a_video_that_ends_before_the_take_begins_is_told(config, tmp_path):
    path = tmp_path / "new.take.jsonl"
    with pytest.raises(TakeError, match="Nobody was seen"):
        detect_again(
            old_take(3), config, path, Opening(), lambda _: None, Video(5).open
        )
    assert not path.exists()
