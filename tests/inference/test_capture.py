# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages composed: every person has a pipeline, every frame its packets."""

import gc
import weakref

import numpy as np
import pytest

from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.errors import TakeError, VitposeError
from vitpose_blender.core.layouts import COCO17, LAYOUTS
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.take import Take, TakeHeader
from vitpose_blender.core.types import Detections, Frame, Joints3D, Keypoints2D
from vitpose_blender.inference.capture import (
    MOST_PEOPLE,
    PeopleLifter,
    PoseEstimator,
    chosen_people,
    lift_recorded,
    xywh,
)
from vitpose_blender.inference.lifter import GeometricLifter
from vitpose_blender.inference.people_choice import PeopleChoice

CAMERA = Camera((640, 480), 55.0)
PERSON_LAYOUTS = sorted(LAYOUTS.keys() - {"ap10k17"})


class FakeLifter:
    """Finds everybody in the same pose and remembers what it was given."""

    name = "fake"
    window = 0.0

    def __init__(self) -> None:
        self.given: list[Keypoints2D] = []
        self.cameras: list[Camera] = []

    def lift(self, window, camera):
        self.given.append(window[-1])
        self.cameras.append(camera)
        return Joints3D(np.ones((28, 3)), (0.0, 0.0, 3.0), np.ones(28), window[-1].t)


class FakeFinder:
    """Finds the same people in every frame and remembers what it is told."""

    def __init__(self, boxes: dict[int, tuple[float, ...]]) -> None:
        self._boxes = boxes
        self.observed = []

    def boxes(self, frame):
        xyxy = np.array(list(self._boxes.values()), dtype=float).reshape(-1, 4)
        return Detections(xyxy, np.ones(len(xyxy)), tuple(self._boxes))

    def observe(self, frame, keypoints, person):
        self.observed.append((frame.index, len(keypoints), tuple(person)))


class FakeModel:
    """Puts all keypoints of a person into the middle of the box."""

    name = "fake-model"

    def __init__(self) -> None:
        self.num_calls = 0

    def estimate(self, frame, xyxy):
        self.num_calls += 1
        return [
            Keypoints2D(
                np.tile((box[:2] + box[2:]) / 2, (17, 1)), np.full(17, 0.9), frame.t
            )
            for box in xyxy
        ]


def make_keypoints(rng, layout_id="coco17", t=0.0):
    size = len(LAYOUTS[layout_id])
    return Keypoints2D(rng.uniform(100, 400, (size, 2)), np.ones(size), t, layout_id)


def make_packet(rng, person=1, frame=0, layout_id="coco17"):
    keypoints = make_keypoints(rng, layout_id, frame / 30)
    return Packet(keypoints, person, frame, (640, 480))


def make_estimator(finder, model):
    lifter = PeopleLifter(CAMERA, FakeLifter)
    return PoseEstimator(finder, model, lifter, CAMERA, "clip.mp4")


def make_frame(index=3):
    return Frame(np.zeros((480, 640, 3), np.uint8), index / 25, index)


def test_everybody_in_a_frame_gets_a_packet():
    finder = FakeFinder({2: (10, 20, 110, 220), 5: (300, 20, 420, 260)})
    first, second = make_estimator(finder, FakeModel()).packets(make_frame())

    assert (first.person, second.person) == (2, 5)
    assert first.box == (10, 20, 100, 200)
    assert second.box == (300, 20, 120, 240)
    assert (first.frame, first.t, first.image_wh) == (3, 3 / 25, (640, 480))
    assert (first.model, first.source, first.fov) == ("fake-model", "clip.mp4", 55.0)
    np.testing.assert_allclose(first.keypoints.xy[0], (60, 120))
    assert first.joints.t == second.joints.t == 3 / 25
    assert finder.observed == [(3, 2, (2, 5))]


def test_nobody_costs_no_look_and_is_told_to_the_finder():
    finder, model = FakeFinder({}), FakeModel()
    assert make_estimator(finder, model).packets(make_frame()) == []
    assert model.num_calls == 0
    assert finder.observed == [(3, 0, ())]


def test_each_person_has_a_lifter_of_their_own(rng):
    made = []

    def make_lifter():
        made.append(FakeLifter())
        return made[-1]

    lifter = PeopleLifter(CAMERA, make_lifter)
    for t in (0.0, 0.1, 0.2):
        for person in (1, 2):
            lifter.step(person, make_keypoints(rng, t=t))

    assert [len(one.given) for one in made] == [3, 3]


def test_who_comes_and_goes_for_ever_is_forgotten_but_not_who_stays(rng):
    made = []

    def make_lifter():
        made.append(FakeLifter())
        return made[-1]

    lifter = PeopleLifter(CAMERA, make_lifter)
    for number in range(3 * MOST_PEOPLE):
        lifter.step(1, make_keypoints(rng, t=number / 30))
        lifter.step(2 + number, make_keypoints(rng, t=number / 30))
    assert len(made[0].given) == 3 * MOST_PEOPLE

    alive = [weakref.ref(one) for one in made]
    made.clear()
    gc.collect()
    assert sum(one() is not None for one in alive) == MOST_PEOPLE
    assert alive[0]() is not None


def test_a_measured_tilt_counts_for_all_from_the_next_frame_on(rng):
    made = []

    def make_lifter():
        made.append(FakeLifter())
        return made[-1]

    lifter = PeopleLifter(CAMERA, make_lifter)
    lifter.step(1, make_keypoints(rng))
    lifter.set_tilt(12.0)
    lifter.step(1, make_keypoints(rng, t=0.1))
    lifter.step(2, make_keypoints(rng, t=0.1))

    assert [made[0].cameras[-1].tilt, made[1].cameras[-1].tilt] == [12.0, 12.0]


def test_people_do_not_disturb_each_other(rng):
    frames = [[make_keypoints(rng, t=t / 30) for _ in range(2)] for t in range(4)]
    alone = PeopleLifter(CAMERA, GeometricLifter)
    together = PeopleLifter(CAMERA, GeometricLifter)
    for first, second in frames:
        together.step(2, second)
        np.testing.assert_array_equal(
            alone.step(1, first).xyz, together.step(1, first).xyz
        )


@pytest.mark.parametrize("layout_id", PERSON_LAYOUTS)
def test_every_layout_of_people_is_lifted(rng, layout_id):
    made = []

    def make_lifter():
        made.append(FakeLifter())
        return made[-1]

    packets = [make_packet(rng, frame=i, layout_id=layout_id) for i in range(3)]
    out = list(lift_recorded(packets, PeopleLifter(CAMERA, make_lifter), 55.0))

    assert [keypoints.layout for keypoints in made[0].given] == [COCO17.id] * 3
    # What was detected stays as it was.
    assert all(a.keypoints is b.keypoints for a, b in zip(packets, out))
    rows = LAYOUTS[layout_id].index
    np.testing.assert_allclose(
        made[0].given[0].xy[COCO17.index["left_wrist"]],
        out[0].keypoints.xy[rows["left_wrist"]],
    )


def test_an_animal_is_not_lifted_to_a_human(rng):
    packet = make_packet(rng, layout_id="ap10k17")
    with pytest.raises(VitposeError, match=r"ap10k17.*not a person's"):
        list(lift_recorded([packet], PeopleLifter(CAMERA, FakeLifter), 55.0))


def test_lifting_a_recording_changes_only_joints_and_field_of_view(rng):
    packets = [make_packet(rng, person=1 + i % 2, frame=i // 2) for i in range(6)]
    out = list(lift_recorded(packets, PeopleLifter(CAMERA, FakeLifter), 55.0))

    for before, after in zip(packets, out, strict=True):
        assert (after.person, after.frame, after.t) == (
            before.person,
            before.frame,
            before.t,
        )
        assert after.fov == 55.0
        assert after.joints.t == after.t


def test_the_largest_of_a_recording_is_seen_most(rng):
    people = [1, 2, 2, 7, 2]
    packets = tuple(make_packet(rng, person, i) for i, person in enumerate(people))
    take = Take(TakeHeader(), packets)

    assert chosen_people(PeopleChoice.parse("largest"), take) == [2]
    assert sorted(chosen_people(PeopleChoice.parse("all"), take)) == [1, 2, 7]
    assert chosen_people(PeopleChoice.parse("7"), take) == [7]
    with pytest.raises(TakeError, match="no person 3; it has 1, 2, 7"):
        chosen_people(PeopleChoice.parse("3"), take)


def test_a_box_keeps_its_corners():
    left, top, width, height = xywh(np.array([3.0, 4.0, 10.0, 24.0]))
    assert (left, top, left + width, top + height) == (3, 4, 10, 24)
