# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes solved again: another motion of the same packets; and single poses as keys."""

import threading
from contextlib import contextmanager
from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.blender.live_sources import FPS, FakeSource, joints_of, moments
from tests.blender.rigs import add_humanoid, farthest, heads
from tests.blender.test_bake_operator import heads_at, keys_of, settings, worst
from vitpose_blender.blender import (
    actions,
    animate,
    binding,
    character,
    session,
    take_list,
)
from vitpose_blender.blender.beside import beside
from vitpose_blender.blender.operators import bake as bake_operators
from vitpose_blender.core.errors import VitposeError
from vitpose_blender.core.filters import PRESETS
from vitpose_blender.core.journal import STATE_KEY
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.solve import Joints, solve_take
from vitpose_blender.core.steps import finish
from vitpose_blender.core.take import (
    SOLVED_KEY,
    SUFFIX,
    TakeHeader,
    read_take,
    write_take,
)
from vitpose_blender.core.types import Keypoints2D
from vitpose_blender.inference.lifters import make_lifter
from vitpose_blender.live import detect_again as detecting
from vitpose_blender.live.config import CaptureConfig, Driven
from vitpose_blender.live.feed import Feed, Seen

OPS = bpy.ops.vitpose
HEADER = TakeHeader("fake", "fake-model", "geometric", (1280, 720), tilt=8.0, fps=FPS)
NUM = 30


@pytest.fixture
def hero():
    armature = add_humanoid("Hero")
    bpy.context.view_layer.objects.active = armature
    return armature


@pytest.fixture
def take(hero, user_data):
    """A take in the list whose keypoints are where its joints are seen."""
    animate.set_scene_fps(FPS)
    camera, packets = HEADER.camera, []
    rest = character.read_rig_rest(hero)
    for moment in moments(joints_of(rest, NUM / FPS), joints_of(rest, NUM / FPS, 3)):
        for packet in moment.packets:
            joints = packet.joints
            xy = camera.project(joints.xyz[:17] + joints.root)
            keypoints = Keypoints2D(xy, np.full(17, 0.9), joints.t)
            packets.append(replace(packet, keypoints=keypoints))
    folder = user_data / "vitpose_blender" / "takes"
    path = folder / f"Dance{SUFFIX}"
    live = {"characters": {"Hero": {"manner": {"person": 2, "mirror": True}}}}
    header = replace(HEADER, calibration={STATE_KEY: live})
    write_take(path, header, packets)
    OPS.takes_refresh()
    return read_take(path)


def solved_heads(hero, take, preset, person):
    """Return what the scripts make of a take: the heads in each frame."""
    one = take.of_person(person)
    joints = solve_take(one, make_lifter("geometric"), PRESETS[preset], Joints.SOLVE)
    animate.animate(hero, joints, take.header.camera)
    return heads_at(hero, range(1, 1 + NUM))


def test_solved_again_is_what_the_scripts_make_of_it(hero, take):
    live = {"characters": {"Hero": {"manner": {"person": 2}}}}
    path = take_list.shelf.library.find("Dance")
    write_take(path, replace(HEADER, calibration={STATE_KEY: live}), take.packets)
    wanted = solved_heads(hero, take, "smooth", 2)
    settings(mode="SOLVED", preset="SMOOTH", lifter="GEOMETRIC")
    OPS.bake()
    assert worst(heads_at(hero, range(1, 1 + NUM)), wanted) < 1e-5
    settings(person=1)
    OPS.bake()
    assert worst(heads_at(hero, range(1, 1 + NUM)), wanted) > 0.05


def test_solved_again_is_mirrored_where_it_was_live(hero, take):
    settings(mode="SOLVED", lifter="GEOMETRIC")
    OPS.bake()
    mirrored = heads_at(hero, range(1, 1 + NUM))
    plain = solved_heads(hero, take, "balanced", 2)
    swapped = [
        {
            name.replace("Left", "L?ft").replace("Right", "Left").replace("L?", "Le"): v
            for name, v in frame.items()
        }
        for frame in plain
    ]
    flip = np.array([-1.0, 1.0, 1.0])

    def flipped(frame):
        names = {n: n.replace("Left", "\0").replace("Right", "Left") for n in frame}
        return {names[n].replace("\0", "Right"): frame[n] * flip for n in frame}

    assert worst(mirrored, [flipped(frame) for frame in plain]) < 5e-3
    assert worst(mirrored, swapped) > 0.05


@pytest.mark.parametrize("body", ["upper", "seated"])
def test_a_solved_take_leaves_the_legs_where_the_live_view_did(hero, take, body):
    live = {"characters": {"Hero": {"manner": {"person": 1, "body": body}}}}
    path = take_list.shelf.library.find("Dance")
    write_take(path, replace(HEADER, calibration={STATE_KEY: live}), take.packets)
    settings(mode="SOLVED", lifter="GEOMETRIC")
    OPS.bake()
    frames = heads_at(hero, range(1, 1 + NUM, 7))
    foot, hip = "mixamorig:LeftFoot", "mixamorig:LeftUpLeg"
    assert all(np.isfinite(list(frame.values())).all() for frame in frames)
    hips = [frame["mixamorig:Hips"] for frame in frames]
    bent = [np.linalg.norm(frame[foot] - frame[hip]) for frame in frames]
    assert np.ptp(bent) < (5e-3 if body == "upper" else 0.05)
    assert np.ptp(hips, axis=0)[:2].max() < 0.02
    hands = [frame["mixamorig:LeftHand"] for frame in frames]
    assert np.ptp(hands, axis=0).max() > 0.1


def test_solving_again_makes_a_take_of_the_same_keypoints(hero, take):
    path = take_list.shelf.library.find("Dance")
    before = path.read_bytes()
    settings(preset="SMOOTH", lifter="GEOMETRIC")
    assert OPS.solve_again() == {"FINISHED"}
    assert path.read_bytes() == before
    item = take_list.active_item()
    assert item.name == "Dance smooth 001"
    assert item.solved == "Solved again: geometric, smooth"
    made = read_take(take_list.shelf.library.find(item.name))
    assert made.header.lifter == "geometric"
    assert made.header.calibration[SOLVED_KEY]
    assert made.people == take.people
    for one, other in zip(take.packets, made.packets, strict=True):
        assert (one.t, one.person) == (other.t, other.person)
        np.testing.assert_array_equal(one.keypoints.xy, other.keypoints.xy)
    moved = [
        np.abs(one.joints.xyz - other.joints.xyz).max()
        for one, other in zip(take.packets, made.packets)
    ]
    assert max(moved) > 0.01


def test_a_take_solved_again_is_baked_as_if_solved_while_baking(hero, take):
    settings(mode="SOLVED", preset="SMOOTH", lifter="GEOMETRIC")
    OPS.bake()
    wanted = heads_at(hero, range(1, 1 + NUM))
    OPS.solve_again()
    settings(mode="LIVE")
    OPS.bake()
    assert hero.animation_data.action.name == "Hero Dance smooth 001"
    assert worst(heads_at(hero, range(1, 1 + NUM)), wanted) < 1e-3  # Written in mm/10.


def test_the_learned_lifter_needs_nothing_that_blender_lacks(hero, take):
    settings(mode="SOLVED", lifter="LEARNED")
    assert OPS.bake() == {"FINISHED"}
    frames = heads_at(hero, range(1, 1 + NUM))
    assert farthest(frames[0], frames[-1])[0] > 0.05


def test_who_is_not_in_the_take_is_told(hero, take):
    settings(mode="SOLVED", person=9)
    with pytest.raises(RuntimeError, match="no person 9"):
        OPS.bake()


def test_the_pose_of_the_take_at_a_frame_is_keyed(hero, take):
    OPS.bake()
    wanted = heads_at(hero, [11])[0]
    hero.animation_data.action = None
    bpy.context.scene.frame_set(11)
    assert OPS.key_pose() == {"FINISHED"}
    action = hero.animation_data.action
    assert action.name == "Hero Poses"
    assert farthest(heads(hero), wanted)[0] < 5e-4
    assert {key[0] for keys in keys_of(action).values() for key in keys} == {11}
    assert not binding.is_bound(hero)


def test_a_pose_goes_among_the_keys_that_are_there(hero, take):
    action = actions.new_action(hero, "Mine")
    path = 'pose.bones["mixamorig:Head"].rotation_quaternion'
    values = np.tile([-1.0, 0.0, 0.0, 0.0], (2, 1))
    actions.write_curves(action, path, np.array([1.0, 40.0]), values, "Head")
    before = keys_of(action)
    settings(parts={"HEAD"})
    bpy.context.scene.frame_set(11)
    OPS.key_pose()
    assert hero.animation_data.action == action
    after = keys_of(action)
    for curve, keys in before.items():
        assert [key[:2] for key in after[curve]][::2] == [key[:2] for key in keys]
    assert after[path, 0][1][1] < 0  # The same turn is written as its neighbours are.
    assert {path.split('"')[1] for path, _ in after} <= {
        "mixamorig:Head",
        "mixamorig:Neck",
    }


def test_the_live_pose_is_keyed_while_the_capture_goes_on(hero, monkeypatch, user_data):
    monkeypatch.setattr(session, "BUDGET", 60.0)
    source = FakeSource()
    config = CaptureConfig("fake", user_data / "vitpose_blender" / "journal")
    seen = moments(joints_of(character.read_rig_rest(hero), 1.0))
    session.live.start(config, [Driven("Hero")], source.open)
    try:
        wanted = []
        for frame, number in ((5, 10), (15, 25)):
            source.deliver(*seen[number - 5 : number])
            session.live.tick()
            bpy.context.scene.frame_set(frame)
            assert OPS.key_pose() == {"FINISHED"}
            wanted.append(heads(hero))
    finally:
        session.live.stop()
    assert hero.animation_data.action.name == "Hero Poses"
    assert worst(heads_at(hero, (5, 15)), wanted) < 5e-4


def test_nothing_to_key_says_so(hero):
    with pytest.raises(RuntimeError, match="record or import a take"):
        OPS.key_pose()
    assert not OPS.solve_again.poll()


def test_work_beside_the_main_thread_tells_how_it_went():
    def work(progress):
        assert threading.current_thread() is not threading.main_thread()
        progress(0.5)
        return 7

    assert finish(beside(work)) == 7

    def fail(_):
        raise VitposeError("no luck")

    with pytest.raises(VitposeError, match="no luck"):
        finish(beside(fail))


def test_unwanted_work_ends_at_its_next_progress():
    begun, ended = threading.Event(), threading.Event()

    def work(progress):
        begun.set()
        try:
            while True:
                progress(0.1)
        finally:
            ended.set()

    steps = beside(work)
    next(steps)
    assert begun.wait(20)
    steps.close()
    assert ended.is_set()


@pytest.fixture
def video(monkeypatch):
    """What is seen of any video: somebody in every picture."""

    @contextmanager
    def opened(config, person, opening):
        def seen():
            for frame in range(NUM):
                t = frame / FPS
                keypoints = Keypoints2D(np.full((17, 2), 100.0), np.full(17, 0.7), t)
                yield Seen(t, t, (Packet(keypoints, 1, frame, (1280, 720)),), None)

        yield Feed(TakeHeader("fake.mp4", "other-model", "", (1280, 720)), "", seen())

    monkeypatch.setattr(detecting, "opener", lambda config: opened)
    return "fake.mp4"


def of_source(take, name):
    """Have the list's take come from a source of that name."""
    path = take_list.shelf.library.find("Dance")
    moved = [
        replace(each, keypoints=replace(each.keypoints, t=each.keypoints.t - 100.0))
        for each in take.packets
    ]
    write_take(path, replace(take.header, source=name), moved)
    OPS.takes_refresh()


def test_detecting_again_makes_a_take_beside_the_old_one(take, video, tmp_path):
    of_source(take, video)
    path = take_list.shelf.library.find("Dance")
    before = path.read_bytes()
    bpy.context.scene.vitpose.capture.video = str(tmp_path / video)
    OPS.detect_again()
    made = read_take(take_list.shelf.library.find("Dance vitpose-nano 001"))
    assert made.header.model == "other-model"
    assert len(made.packets) == NUM
    assert path.read_bytes() == before
    assert take_list.active_item().name == "Dance vitpose-nano 001"
    OPS.detect_again(take="Dance")
    assert take_list.active_item().name == "Dance vitpose-nano 002"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("camera 0", "Takes from a camera hold no pictures"),
        ("http://10.0.0.2:8080/x.mjpg", "Takes from a camera hold no pictures"),
        ("fake.mp4", "Choose fake.mp4, which the take is of"),
    ],
)
def test_without_the_video_nothing_is_detected_again(take, video, source, reason):
    of_source(take, source)
    assert bake_operators.detect_refusal().startswith(reason)
    with pytest.raises(RuntimeError, match="poll"):
        OPS.detect_again()
