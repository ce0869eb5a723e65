# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrating inside a running capture, and what is recorded around it."""

from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.blender.live_sources import FPS, SIZE, WAIT, FakeSource, joints_of
from tests.blender.rigs import add_humanoid, farthest, heads
from tests.standing_people import HEIGHT, camera_joints, seen_standing
from vitpose_blender.blender import animate, character, session, session_bake
from vitpose_blender.core import steps
from vitpose_blender.core.calibration import calibration_of
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.errors import VitposeError
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.take import read_take
from vitpose_blender.core.types import Joints3D, Keypoints2D
from vitpose_blender.live.config import CaptureConfig, Driven
from vitpose_blender.live.feed import Seen

TILT = 8.0  # Of the true camera; the source says it is level [deg].
CAMERA = Camera(SIZE, 60.0, TILT)
PLACE = {"above": 1.3, "distance": 4.0}
SAME = 5e-4  # [m]


class TiltedSource(FakeSource):
    """Notes the tilts that its lifter is told."""

    def __init__(self):
        super().__init__()
        self.tilts = []

    def feed(self, stop):
        return replace(super().feed(stop), set_tilt=self.tilts.append)


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setattr(session, "BUDGET", 60.0)  # Each tick moves all [s].
    yield session.live
    session.live.stop()


@pytest.fixture
def hero():
    return add_humanoid("Hero")


@pytest.fixture
def config(tmp_path):
    return CaptureConfig("fake", tmp_path / "j", cameras=str(tmp_path / "cameras"))


@pytest.fixture
def source():
    return TiltedSource()


def standing(start, seconds=4.6, shift=0.0):
    """Return moments of somebody who stands, or walks off at `shift` [px a frame]."""
    xyz = camera_joints(CAMERA, **PLACE)
    seen = []
    for number, frame in enumerate(seen_standing(CAMERA, seconds, **PLACE)):
        t = start + number / FPS
        joints = Joints3D(xyz - xyz[17], xyz[17], np.ones(28), t)
        xy = frame.xy + np.array((shift * number, 0.0))
        packet = Packet(Keypoints2D(xy, frame.score, t), 1, number, SIZE, joints)
        seen.append(Seen(t, t, (packet,)))
    return seen


def moving(hero, start, seconds=1.0):
    """Return moments of somebody who moves everything."""
    rest, seen = character.read_rig_rest(hero), []
    for number, joints in enumerate(joints_of(rest, seconds, start=start)):
        keypoints = Keypoints2D(np.full((17, 2), 100.0), np.full(17, 0.8), joints.t)
        packet = Packet(keypoints, 1, number, SIZE, joints)
        seen.append(Seen(joints.t, joints.t, (packet,)))
    return seen


def begin(live, config, source):
    live.start(config, [Driven("Hero")], source.open)
    assert source.is_open.wait(WAIT)


def deliver(live, source, seen):
    """Hand moments over one by one; returns the heads after each and the statuses."""
    frames, statuses = [], []
    for moment in seen:
        source.deliver(moment)
        live.tick()
        bpy.context.view_layer.update()
        frames.append(heads(bpy.data.objects["Hero"]))
        statuses.append(live.status().calibration)
    return frames, statuses


def calibrate(live, config, source, **wanted):
    begin(live, config, source)
    live.start_calibration(HEIGHT, delay=1.0, **wanted)
    return deliver(live, source, standing(100.0))[1]


def baked(hero, take):
    """Return the heads at each packet; there may be gaps in time between them."""
    animate.set_scene_fps(FPS)
    steps.finish(session_bake.bake_take(hero, take, session_bake.BakeOptions()))
    frames, start = [], take.packets[0].t
    for packet in take.packets:
        bpy.context.scene.frame_set(1 + round((packet.t - start) * FPS))
        frames.append(heads(hero))
    return frames


def worst(one, other):
    assert len(one) == len(other) > 0
    return max(farthest(a, b)[0] for a, b in zip(one, other))


def test_it_counts_down_measures_and_says_what_it_found(live, hero, config, source):
    statuses = calibrate(live, config, source, mirror=True)
    phases = [status.phase for status in statuses]
    assert list(dict.fromkeys(phases)) == ["countdown", "measuring", "done"]
    assert phases.count("countdown") == pytest.approx(FPS, abs=1)
    assert phases.count("measuring") == pytest.approx(3 * FPS, abs=2)
    assert "Step back" in statuses[0].message
    assert "Stand still" in statuses[40].message
    counted = [s.seconds for s in statuses if s.phase == "countdown"]
    assert counted == sorted(counted, reverse=True)
    found = statuses[-1].result
    assert found.tilt == pytest.approx(TILT, abs=6.0)
    assert (found.height, found.mirror, found.source) == (HEIGHT, True, "fake")
    assert found.made
    assert "1.70 m" in statuses[-1].message
    assert source.tilts == [found.tilt]


def test_it_is_recalled_at_the_next_start_with_that_camera(live, hero, config, source):
    found = calibrate(live, config, source)[-1].result
    live.stop()

    again = TiltedSource()
    begin(live, config, again)
    again.deliver(standing(0.0)[0])
    assert live.status().calibration.result.to_dict() == found.to_dict()
    assert again.tilts == [found.tilt]
    live.stop()

    for other in (
        {"image_wh": (640, 480)}, {"fov": 80.0}, {"source": "another"},
    ):  # fmt: skip
        changed = TiltedSource()
        changed.header = replace(changed.header, **other)
        begin(live, config, changed)
        changed.deliver(standing(0.0)[0])
        assert live.status().calibration.result is None
        assert changed.tilts == []
        live.stop()


def test_a_camera_is_known_by_the_name_that_was_given(live, hero, config, source):
    named = replace(config, camera="Logi")
    assert calibrate(live, named, source)[-1].result.source == "Logi"
    live.stop()
    again = TiltedSource()
    again.header = replace(again.header, source="camera 3")
    begin(live, named, again)
    again.deliver(standing(0.0)[0])
    assert live.status().calibration.result is not None


def test_a_damaged_file_is_passed_over(live, hero, config, source, caplog):
    calibrate(live, config, source)
    live.stop()
    (path,) = (config.journal.parent / "cameras").glob("*.json")
    path.write_text(path.read_text()[:200])
    again = TiltedSource()
    begin(live, config, again)
    again.deliver(standing(0.0)[0])
    assert live.status().calibration.result is None
    assert "passed over" in caplog.text


def test_what_cannot_be_kept_is_used_all_the_same(live, hero, config, source):
    (config.journal.parent / "cameras").write_text("a file, not a folder")
    status = calibrate(live, config, source)[-1]
    assert status.phase == "done"
    assert "cannot be kept" in status.message
    source.deliver(standing(200.0)[0])
    assert source.tilts


def test_a_take_after_it_is_baked_as_seen(live, hero, config, source, tmp_path):
    calibrate(live, config, source)
    path = tmp_path / "a.take.jsonl"
    live.mark_start(path)
    seen, _ = deliver(live, source, moving(hero, 110.0))
    found = live.status().calibration.result
    live.mark_stop()
    live.stop()
    take = read_take(path)
    assert calibration_of(take.header).to_dict() == found.to_dict()
    assert take.header.tilt == found.tilt
    assert worst(baked(hero, take), seen) < SAME


def test_a_recording_goes_on_as_it_began(live, hero, config, source, tmp_path):
    begin(live, config, source)
    path, second = tmp_path / "a.take.jsonl", tmp_path / "b.take.jsonl"
    live.mark_start(path)
    live.start_calibration(HEIGHT, delay=1.0)
    seen, statuses = deliver(live, source, standing(100.0))
    assert statuses[-1].phase == "waiting"
    assert "end of the recording" in statuses[-1].message
    seen += deliver(live, source, moving(hero, 105.0))[0]
    assert source.tilts == []
    live.mark_stop()
    live.mark_start(second)  # At once: it is the next that carries it, or waits.
    more, _ = deliver(live, source, moving(hero, 107.0))
    live.mark_stop()
    _, statuses = deliver(live, source, moving(hero, 109.0))
    assert statuses[-1].phase == "done"
    assert source.tilts == [statuses[-1].result.tilt]
    live.stop()

    first = read_take(path)
    assert calibration_of(first.header) is None
    assert first.header.tilt == 0.0
    assert worst(baked(hero, first), seen) < SAME
    assert worst(baked(hero, read_take(second)), more) < SAME


def test_what_is_kept_does_not_reach_back_before_it(
    live, hero, config, source, tmp_path
):
    calibrate(live, config, source)
    seen, _ = deliver(live, source, moving(hero, 110.0, 2.0))
    take = read_take(live.keep_last(60.0, tmp_path / "kept.take.jsonl"))
    assert calibration_of(take.header) is not None
    assert take.packets[0].t >= 104.0
    live.stop()
    assert worst(baked(hero, take)[-len(seen) :], seen) < SAME


def test_who_walks_about_is_told_and_driven_on(live, hero, config, source):
    begin(live, config, source)
    live.start_calibration(HEIGHT, delay=0.5)
    frames, statuses = deliver(live, source, standing(100.0, 20.0, shift=0.8))
    said = [status.message for status in statuses]
    assert any("You moved" in sentence for sentence in said)
    assert statuses[-1].phase == "failed"
    assert statuses[-1].result is None
    assert source.tilts == []
    assert len(frames) == 600
    live.start_calibration(HEIGHT, delay=0.5)  # It can be asked again.
    _, statuses = deliver(live, source, standing(200.0))
    assert statuses[-1].phase == "done"


def test_who_comes_late_is_waited_for(live, hero, config, source):
    begin(live, config, source)
    live.start_calibration(HEIGHT, delay=0.0)
    nobody = [Seen(100.0 + i / FPS, 0.0, ()) for i in range(180)]
    _, statuses = deliver(live, source, nobody)
    assert statuses[-1].phase == "measuring"
    assert "not in the picture" in statuses[-1].message
    _, statuses = deliver(live, source, standing(106.0))
    assert statuses[-1].phase == "done"


def test_it_needs_a_running_capture_and_happens_once(live, hero, config, source):
    with pytest.raises(VitposeError, match="press Start first"):
        live.start_calibration()
    begin(live, config, source)
    live.start_calibration()
    with pytest.raises(VitposeError, match="going on already"):
        live.start_calibration()
    assert live.status().calibration.phase == "countdown"
