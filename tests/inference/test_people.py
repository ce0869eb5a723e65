# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for inference/people.py: a small world of people, and who is found in it.

`World` knows where everybody is. It serves as the detector and as a pose model that
behaves like a real one: in each box it finds the person who fills it best, and where
there is none it finds nothing.
"""

from itertools import pairwise

import numpy as np
import pytest

from vitpose_blender.core.errors import VitposeError
from vitpose_blender.core.types import Detections, Frame, Keypoints2D
from vitpose_blender.inference import people
from vitpose_blender.inference.detector import FullFrameDetector
from vitpose_blender.inference.people import PersonFinder
from vitpose_blender.inference.people_choice import PeopleChoice
from vitpose_blender.inference.person_box import PersonBox, area, box_around
from vitpose_blender.inference.pose_detector import PoseDetector, windows
from vitpose_blender.inference.tracking import box_iou

FPS = 30
IMAGE_WH = (1280, 720)
IMAGE = np.zeros((720, 1280, 3), dtype=np.uint8)

# COCO-17 of someone who stands, in units of the body's height, from the pelvis.
STANDING = np.array(
    [
        (0, -0.42), (0.02, -0.44), (-0.02, -0.44), (0.04, -0.43), (-0.04, -0.43),
        (0.11, -0.30), (-0.11, -0.30), (0.14, -0.14), (-0.14, -0.14),
        (0.15, 0.01), (-0.15, 0.01), (0.06, 0), (-0.06, 0),
        (0.07, 0.24), (-0.07, 0.24), (0.07, 0.48), (-0.07, 0.48),
    ]
)  # fmt: skip
FACE_ONLY = np.arange(17) < 5


def person_at(x, height=400.0, y=360.0):
    return STANDING * height + (x, y)


def extent(xy):
    return np.concatenate([np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)])


def body_box(xy):
    low, high = np.split(extent(xy), 2)
    return np.concatenate([low - 0.1 * (high - low), high + 0.1 * (high - low)])


def pose(xy, t=0.0, score=0.9):
    return Keypoints2D(xy, np.where(np.isfinite(xy[:, 0]), score, 0.0), t)


NOTHING = np.full((17, 2), np.nan)


class World:
    """People, each `(F, 17, 2)` [px], NaN where hidden; detector and pose model."""

    name = "world"

    def __init__(self, *people, ghosts=()):
        self.people = [np.asarray(person, dtype=float) for person in people]
        self.ghosts = list(ghosts)  # Boxes that the detector takes for people.
        self.now = 0
        self.calls = []  # Frames in which the detector was asked.

    def detect(self, image):
        self.calls.append(self.now)
        boxes = [body_box(p[self.now]) for p in self.people if self.is_seen(p)]
        boxes += self.ghosts
        scores = [0.9] * (len(boxes) - len(self.ghosts)) + [0.5] * len(self.ghosts)
        return Detections(np.array(boxes).reshape(-1, 4), np.array(scores))

    def is_seen(self, person):
        return np.isfinite(person[self.now]).any()

    def look(self, xyxy):
        """Return the index and joints of who fills a box best; None for nobody."""
        fills = [
            box_iou(xyxy[np.newaxis], body_box(p[self.now])[np.newaxis])[0, 0]
            if self.is_seen(p)
            else 0.0
            for p in self.people
        ]
        best = int(np.argmax(fills)) if fills else 0
        if not fills or fills[best] < 0.15:
            return None, NOTHING
        return best, self.people[best][self.now]


def run(world, finder, num_frames, fps=FPS, start=0):
    """Return the numbers given in each frame, and whom each number stood for."""
    given, stood_for = [], {}
    for index in range(start, num_frames):
        world.now = index
        frame = Frame(IMAGE, index / fps, index)
        found = finder.boxes(frame)
        looks = [world.look(box) for box in found.xyxy]
        for number, (who, _) in zip(found.person, looks):
            if who is not None:
                stood_for.setdefault(number, []).append(who)
        poses = [pose(xy, frame.t) for _, xy in looks]
        finder.observe(frame, poses, found.person)
        finder.search_on(frame)
        given.append(found.person)
    return given, stood_for


def walk(x, num_frames=90, height=400.0):
    return np.stack([person_at(v, height) for v in np.broadcast_to(x, num_frames)])


ALL = PeopleChoice.parse("all")
FRAMES = np.arange(90)


@pytest.mark.parametrize("every", [1, 5, 10])
def test_a_good_pose_needs_only_the_regular_detections(every):
    world = World(walk(300 + 4 * FRAMES))
    given, _ = run(world, PersonFinder(world, every), 90)
    assert world.calls == list(range(0, 90, every))
    assert given == [(1,)] * 90


def test_finder_counts_its_detections():
    world = World(walk(300.0))
    finder = PersonFinder(world, 10)
    run(world, finder, 31)
    assert finder.num_detections == len(world.calls) == 4


def test_box_follows_the_pose_between_detections():
    world = World(walk(200 + 8 * FRAMES))
    finder = PersonFinder(world, every=1000)
    run(world, finder, 89)
    world.now = 89
    box = finder.boxes(Frame(IMAGE, 89 / FPS, 89)).xyxy
    assert box_iou(box, body_box(world.people[0][89])[np.newaxis])[0, 0] > 0.8
    assert world.calls == [0]


def test_a_weak_pose_brings_the_next_detection_forward():
    person = walk(300 + 2 * FRAMES)
    person[33] = np.nan
    world = World(person)
    given, _ = run(world, PersonFinder(world, 10), 60)
    assert world.calls[:5] == [0, 10, 20, 30, 34]
    assert set(given) == {(1,)}


def test_waits_grow_while_nobody_is_there():
    world = World(np.full((200, 17, 2), np.nan))
    given, _ = run(world, PersonFinder(world, 10), 200)
    assert set(given) == {()}
    assert world.calls[:5] == [0, 1, 3, 7, 13]
    assert max(b - a for a, b in pairwise(world.calls)) == 6


def test_someone_who_enters_late_is_found_at_the_next_detection():
    late = walk(900.0)
    late[:33] = np.nan
    world = World(walk(300.0), late)
    given, _ = run(world, PersonFinder(world, 10, ALL), 90)
    assert given == [(1,)] * 40 + [(1, 2)] * 50


def test_someone_who_leaves_is_let_go_and_known_again():
    person = walk(300.0)
    person[40:70] = np.nan
    world = World(person)
    given, _ = run(world, PersonFinder(world, 10), 90)
    assert given[:40] == [(1,)] * 40
    assert set(given[42:70]) == {()}
    assert given[-10:] == [(1,)] * 10


def test_people_who_cross_keep_their_numbers():
    t = np.arange(150)
    left, right = walk(200 + 6 * t, 150), walk(1100 - 6 * t, 150, 440)
    hidden = np.abs(left[:, 11, 0] - right[:, 11, 0]) < 90
    left[hidden] = np.nan
    assert hidden.sum() > 10
    world = World(left, right)
    given, stood_for = run(world, PersonFinder(world, 10, ALL), 150)

    assert given[-1] == (1, 2)
    ends = {
        number: (world.people[number - 1][0], world.people[number - 1][-1])
        for number in (1, 2)
    }
    assert ends[1][0][0, 0] < ends[2][0][0, 0]
    # While one is hidden the other may be seen in both boxes for a frame or two.
    for number in (1, 2):
        right_ones = [who == number - 1 for who in stood_for[number]]
        assert np.mean(right_ones) > 0.95
        assert all(right_ones[-30:])


def test_two_numbers_never_stay_on_one_person():
    t = np.arange(120)
    resting, walking = walk(640.0, 120), walk(200 + 5 * t, 120, 380)
    walking[80:] = np.nan  # Gone, right before the one who rests.
    world = World(resting, walking)
    given, _ = run(world, PersonFinder(world, 10, ALL), 120)
    assert all(len(people) == 1 for people in given[84:])


@pytest.mark.parametrize("text", ["largest", " Largest\n"])
def test_largest_is_sticky(text):
    t = np.arange(200)
    swaying = 400 + 30 * np.sin(t / 15)
    a = np.stack([person_at(300, h) for h in swaying])
    b = np.stack([person_at(900, 800 - h) for h in swaying])
    world = World(a, b)
    given, _ = run(world, PersonFinder(world, 5, PeopleChoice.parse(text)), 200)
    assert len(set(given)) == 1


def test_a_much_larger_person_takes_over():
    t = np.arange(120)
    small = walk(300.0, 120, 250)
    coming = np.stack([person_at(800, h) for h in np.linspace(150, 600, 120)])
    world = World(small, coming)
    given, stood_for = run(world, PersonFinder(world, 5), 120)
    assert given[0] != given[-1]
    assert sum(a != b for a, b in pairwise(given)) == 1
    assert set(stood_for[given[0][0]]) == {0}
    assert set(stood_for[given[-1][0]]) == {1}
    assert len(t) == len(given)


def test_the_largest_is_waited_for_when_hidden_shortly():
    main = walk(300.0, 120, 500)
    main[50:65] = np.nan
    world = World(main, walk(900.0, 120, 300))
    given, _ = run(world, PersonFinder(world, 5), 120)
    assert set(given) == {given[0], ()}
    assert given[-1] == given[0]


def test_the_next_takes_over_when_the_largest_stays_away():
    main = walk(300.0, 150, 500)
    main[50:] = np.nan
    world = World(main, walk(900.0, 150, 300))
    given, stood_for = run(world, PersonFinder(world, 5), 150)
    assert set(stood_for[given[-1][0]]) == {1}


def test_one_by_number():
    world = World(walk(300.0), walk(900.0))
    given, stood_for = run(world, PersonFinder(world, 10, PeopleChoice.parse("2")), 90)
    assert set(given) == {(2,)}
    assert set(stood_for[2]) == {1}


def test_the_choice_may_change_meanwhile():
    world = World(walk(300.0), walk(900.0))
    finder = PersonFinder(world, 10, PeopleChoice.parse("2"))
    assert set(run(world, finder, 30)[0]) == {(2,)}
    finder.choose(ALL)
    assert set(run(world, finder, 30)[0]) == {(1, 2)}
    finder.choose(PeopleChoice.parse("1"))
    given, stood_for = run(world, finder, 30)
    assert set(given) == {(1,)}
    assert set(stood_for[1]) == {0}


def test_a_coat_stand_stands_back():
    ghost = np.array([900.0, 50.0, 1200.0, 700.0])
    world = World(walk(300.0), ghosts=[ghost])
    given, stood_for = run(world, PersonFinder(world, 10), 90)
    assert set(stood_for[given[-1][0]]) == {0}
    assert given[60:] == [given[-1]] * 30


def test_where_no_pose_is_ever_good_the_best_guess_stays():
    ghost = np.array([900.0, 50.0, 1200.0, 700.0])
    world = World(ghosts=[ghost])
    given, _ = run(world, PersonFinder(world, 10), 90)
    assert set(given) == {(1,)}


def test_full_frame_is_one_person_all_along():
    person = walk(300 + 5 * FRAMES)
    person[30:33] = np.nan
    person[60:62] = np.nan
    world = World(person)
    finder = PersonFinder(FullFrameDetector(), 10)
    for index in range(90):
        world.now = index
        frame = Frame(IMAGE, index / FPS, index)
        found = finder.boxes(frame)
        assert found.person == (1,)
        finder.observe(frame, [pose(person[index], frame.t)], found.person)
    assert box_iou(found.xyxy, body_box(person[-1])[np.newaxis])[0, 0] > 0.7


def test_a_pause_of_the_source_asks_the_detector():
    world = World(walk(300.0))
    finder = PersonFinder(world, 10)
    finder.boxes(Frame(IMAGE, 0.0, 0))
    finder.observe(Frame(IMAGE, 0.0, 0), [pose(person_at(300.0))], (1,))
    finder.boxes(Frame(IMAGE, 5.0, 1))
    assert finder.num_detections == 2


@pytest.mark.parametrize("slow", [0.1, 3.0])
def test_a_slow_search_is_no_pause_of_a_camera(monkeypatch, slow):
    now = [100.0]
    monkeypatch.setattr(people.time, "monotonic", lambda: now[0])

    class Slow(World):
        def detect(self, image):
            now[0] += slow
            return super().detect(image)

    world = Slow(walk(300.0))
    finder = PersonFinder(world, 30)
    for index in range(20):
        now[0] += 1 / FPS
        frame = Frame(IMAGE, now[0], index)
        finder.boxes(frame)
        finder.observe(frame, [pose(person_at(300.0), frame.t)], (1,))
    assert finder.num_detections == 1


@pytest.mark.parametrize(("slow", "num"), [(0.01, 7), (0.5, 2), (2.0, 1)])
def test_a_slow_detector_is_asked_less_often_live(monkeypatch, slow, num):
    now = [100.0]
    monkeypatch.setattr(people.time, "monotonic", lambda: now[0])

    class Slow(World):
        def detect(self, image):
            now[0] += slow
            return super().detect(image)

    world = Slow(walk(300.0, 200))
    finder = PersonFinder(world, 30, max_share=0.1)
    run(world, finder, 200)
    assert finder.num_detections == num


class Looks:
    """The world as the built-in detector's pose model: 10 ms a look."""

    def __init__(self, world, now):
        self.world, self.now, self.nums = world, now, {}

    def estimate(self, frame, xyxy):
        self.now[0] += 0.01 * len(xyxy)
        self.nums[self.world.now] = self.nums.get(self.world.now, 0) + len(xyxy)
        return [pose(self.world.look(box)[1], frame.t) for box in xyxy]


@pytest.fixture
def live(monkeypatch):
    """Returns a live finder of a world, and how often it looks in each frame."""

    def finder(world, choice=ALL, is_camera=True):
        now = [100.0]
        monkeypatch.setattr(people.time, "monotonic", lambda: now[0])
        looks, share = Looks(world, now), 0.1
        detector = PoseDetector(looks)
        made = PersonFinder(detector, None, choice, share, is_camera=is_camera)
        return made, looks.nums

    return finder


NUM_WINDOWS = len(windows(*IMAGE_WH))
AT_ONCE = 8  # Pictures of a camera that a search without a motion may take.


def test_a_live_search_never_stops_a_motion(live):
    world = World(walk(300 + FRAMES.repeat(4), 360))
    finder, looks = live(world)
    given, _ = run(world, finder, 360)
    first = given.index((1,))
    assert first < AT_ONCE
    assert set(given[first:]) == {(1,)}
    at_once = [looks.pop(index) for index in range(first + 1)]
    assert max(at_once) < NUM_WINDOWS < sum(at_once)
    assert max(looks.values()) == 1
    assert sum(looks.values()) == 2 * NUM_WINDOWS
    assert finder.num_detections == 3


def test_who_comes_late_is_found_beside_a_motion(live):
    late = walk(900.0, 360)
    late[:100] = np.nan
    world = World(walk(300 + FRAMES.repeat(4), 360), late)
    finder, looks = live(world)
    given, _ = run(world, finder, 360)
    assert given[AT_ONCE:100] == [(1,)] * (100 - AT_ONCE)
    assert given[-30:] == [(1, 2)] * 30
    assert max(num for index, num in looks.items() if index >= AT_ONCE) == 1


def test_who_is_lost_is_searched_for_with_all_time(live):
    person = walk(300.0, 200)
    person[60:] = person_at(1000.0)
    world = World(person)
    finder, looks = live(world)
    given, _ = run(world, finder, 200)
    assert max(looks.get(index, 0) for index in range(60, 64)) == 8
    assert all(given[64 + AT_ONCE :])


@pytest.mark.parametrize("is_camera", [True, False])
def test_a_source_whose_pictures_are_far_apart_is_searched_whole(live, is_camera):
    world = World(walk(300.0))
    finder, looks = live(world, is_camera=is_camera)
    given, _ = run(world, finder, 12, fps=1.5)
    assert given[is_camera * AT_ONCE :] == [(1,)] * (12 - is_camera * AT_ONCE)
    # Each may be of somebody else; one is that came while the one before was searched.
    assert sum(num > NUM_WINDOWS for num in looks.values()) >= 5


def test_a_file_waits_for_who_searches(live):
    world = World(walk(300.0))
    finder, _ = live(world, is_camera=False)
    given, _ = run(world, finder, 40)
    assert given == [(1,)] * 40


def test_who_is_wanted_may_change_during_a_search(live):
    world = World(walk(300.0, 200), walk(900.0, 200))
    finder, _ = live(world)
    run(world, finder, 60)  # In the middle of the second search.
    finder.choose(PeopleChoice.parse("2"))
    given, stood_for = run(world, finder, 200, start=60)
    assert given[-100:] == [(2,)] * 100
    assert set(stood_for[2]) == {1}


def test_a_walker_is_found_where_they_are_after_a_slow_search(live):
    world = World(walk(300 + 8 * FRAMES))
    finder, _ = live(world)
    given, _ = run(world, finder, AT_ONCE)
    first = given.index((1,))
    finder, _ = live(world)
    run(world, finder, first)
    world.now = first
    (box,) = finder.boxes(Frame(IMAGE, first / FPS, first)).xyxy
    body = body_box(world.people[0][first])
    assert box_iou(box[np.newaxis], body[np.newaxis]) > 0.8


def test_two_real_people_keep_their_numbers(shared):
    path = shared / "data/multiview/pose2sim/two_people/derived.npz"
    with np.load(path) as data:
        detected = data["kp2d_body25b"][..., :17, :].astype(float)
    xy = np.where(detected[..., 2:] > 0.2, detected[..., :2], np.nan)
    xy[np.isfinite(xy[..., 0]).sum(axis=-1) < 5] = np.nan
    for camera in range(4):
        world = World(xy[camera, :, 0], xy[camera, :, 1])
        given, stood_for = run(world, PersonFinder(world, 10, ALL), 100)
        assert len(world.calls) <= 30
        assert max(max(people, default=0) for people in given) == 2
        for numbers in stood_for.values():
            assert np.mean(np.array(numbers) == numbers[0]) > 0.97


@pytest.mark.parametrize("text", ["", "first", "0", "-1", "1.5", "²", "all 2"])
def test_a_choice_that_says_nothing_is_refused(text):
    with pytest.raises(VitposeError, match="use largest, all, or a person's number"):
        PeopleChoice.parse(text)


def test_choices():
    assert PeopleChoice.parse("largest") == PeopleChoice()
    assert PeopleChoice.parse("ALL").mode == "all"
    assert PeopleChoice.parse(" 3 ") == PeopleChoice("person", 3)


LAST = PersonBox(body_box(person_at(640)), 0.9, t=0.0)


def test_box_is_the_extent_grown():
    box = box_around(pose(person_at(640), t=10.0), LAST, IMAGE_WH)
    low, high = np.split(extent(person_at(640)), 2)
    np.testing.assert_allclose((box.xyxy[:2] + box.xyxy[2:]) / 2, (low + high) / 2)
    wh = box.xyxy[2:] - box.xyxy[:2]
    assert wh[1] == pytest.approx(1.25 * (high - low)[1])
    assert wh[0] >= 1.25 * (high - low)[0]
    assert not box.is_weak


def test_box_moves_and_scales_with_the_picture(rng):
    xy = person_at(300) + rng.normal(scale=5, size=(17, 2))
    last = PersonBox(body_box(xy), 0.9, 0.0)
    moved_last = PersonBox(2 * last.xyxy + 30, 0.9, 0.0)
    box = box_around(pose(xy, 0.1), last, IMAGE_WH)
    moved = box_around(pose(2 * xy + 30, 0.1), moved_last, IMAGE_WH)
    np.testing.assert_allclose(moved.xyxy, 2 * box.xyxy + 30)


def test_box_of_a_face_keeps_the_size_of_the_body():
    box = LAST
    for index in range(60):
        xy = person_at(640 + 3 * index)
        xy[~FACE_ONLY] = np.nan
        box = box_around(pose(xy, index / FPS), box, IMAGE_WH)
    assert area(box.xyxy) > 0.9 * area(LAST.xyxy)
    whole = body_box(person_at(640 + 3 * 59))
    assert box_iou(box.xyxy[np.newaxis], whole[np.newaxis])[0, 0] > 0.7


def test_box_grows_at_once_and_shrinks_slowly():
    wide = person_at(640)
    wide[[9, 10], 0] += [200, -200]
    grown = box_around(pose(wide, 1 / FPS), LAST, IMAGE_WH)
    assert grown.xyxy[0] < wide[:, 0].min()
    back = box_around(pose(person_at(640), 2 / FPS), grown, IMAGE_WH)
    assert 0.85 * area(grown.xyxy) < area(back.xyxy) < area(grown.xyxy)


def test_box_of_nothing_is_the_last_one_and_weak():
    box = box_around(pose(NOTHING), LAST, IMAGE_WH)
    np.testing.assert_array_equal(box.xyxy, LAST.xyxy)
    assert box.is_weak
    assert box.score == 0.0


def test_box_is_weak_where_the_person_leaves_the_picture():
    last = PersonBox(body_box(person_at(1330)), 0.9, 0.0)
    assert box_around(pose(person_at(1330)), last, IMAGE_WH).is_weak


def test_box_is_weak_where_the_scores_are_low():
    assert box_around(pose(person_at(640), score=0.35), LAST, IMAGE_WH).is_weak


def test_box_of_a_whole_body_layout_is_that_of_its_body(rng):
    xy = np.full((133, 2), np.nan)
    xy[:5] = person_at(640)[:5]
    xy[23:91] = person_at(640)[0] + rng.uniform(-20, 20, size=(68, 2))
    scores = np.where(np.isfinite(xy[:, 0]), 0.9, 0.0)
    keypoints = Keypoints2D(xy, scores, 10.0, "coco_wholebody133")
    box = box_around(keypoints, LAST, IMAGE_WH)
    assert area(box.xyxy) > 0.9 * area(LAST.xyxy)
