# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job without a window: a person's joints in, a character's keyframes out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bpy.types import Object

from ..core.camera_model import Camera
from ..core.motion import Memory
from ..core.retarget import retarget
from ..core.steps import Progress, finish
from ..core.types import Joints3D
from ..core.world_motion import frame_times, to_world
from . import access, bake, binding, character

_DEFAULT_FPS = 30.0  # Of a clip so short that it shows no rate [Hz].
_COMMON_RATES = (24.0, 25.0, 30.0, 48.0, 50.0, 60.0, 100.0, 120.0, 240.0)  # [Hz]


@dataclass(frozen=True)
class Animated:
    """What animating a character made.

    Attributes:
        action: Name of the new action.
        num_frames: Keyed frames.
        num_bones: Keyed bones.
        fps: Rate of the scene [Hz].
        frame_start: Scene frame of the first key.
    """

    action: str
    num_frames: int
    num_bones: int
    fps: float
    frame_start: int


@dataclass(frozen=True)
class Following:
    """How a character follows a person.

    Attributes:
        memory: What is known of the person; see `core.self_calibration.memory_of`.
        hands_meet: See `core.retarget.retarget`.
    """

    memory: Memory | None = None
    hands_meet: bool = False


AT_EASE = Following()


def animate(
    armature: Object,
    joints: Sequence[Joints3D],
    camera: Camera,
    rig: str = "",
    progress: Progress | None = None,
    following: Following = AT_EASE,
) -> Animated:
    """Key a character with a person's motion at the scene's own rate.

    Targets and constraints are made for the bake and removed after it; the armature
    keeps nothing but its new action.

    Args:
        armature: The character's armature object.
        joints: In order of time, at least one.
        camera: That saw the person.
        rig: Rig map by name or path; empty chooses the one that fits.
        progress: Called with the finished part, in [0, 1].
        following: What is known of the person, and what matters about them.

    Raises:
        RigError: No rig map fits the character.
    """
    rest = character.read_rig_rest(armature, rig)
    fps = scene_fps()
    times = frame_times(joints[0].t, joints[-1].t, fps)
    person = to_world(joints, camera, times)
    motion = retarget(person, rest, following.memory, hands_meet=following.hands_meet)
    scene = access.scene()
    try:
        binding.ensure_binding(armature, rest)
        name = f"{armature.name} ViTPose"
        keying = bake.Keying(name, scene.frame_start)
        steps = bake.bake_steps(armature, rest, motion, keying)
        action = finish(steps, progress)
    finally:
        binding.remove_binding(armature)
    scene.frame_end = scene.frame_start + len(motion) - 1
    scene.frame_set(scene.frame_start)
    return Animated(action.name, len(motion), len(rest.names), fps, scene.frame_start)


def scene_fps() -> float:
    """Return the scene's rate [Hz]."""
    render = access.scene().render
    return float(render.fps / render.fps_base)


def set_scene_fps(fps: float) -> None:
    """Set the scene's rate [Hz]; broken rates like 29.97 are kept exactly."""
    render = access.scene().render
    whole = max(int(np.ceil(fps - 1e-3)), 1)
    render.fps = whole
    render.fps_base = whole / fps


def natural_fps(nominal: float | None, times: Sequence[float]) -> float:
    """Return the rate at which to key a clip in a new scene [Hz].

    Args:
        nominal: What the source said; None where it said nothing.
        times: Of the clip's frames [s].
    """
    steps = np.diff(np.unique(times))
    if nominal is None and not len(steps):
        return _DEFAULT_FPS
    rate = float(1 / np.median(steps)) if nominal is None else nominal
    nearest = min(_COMMON_RATES, key=lambda common: abs(common - rate))
    return nearest if nominal is None and abs(nearest / rate - 1) < 0.03 else rate
