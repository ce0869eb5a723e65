# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of accuracy, jitter and delay, for `evaluate.py`.

What the accuracy figures mean is defined once, in the shared `tools/metrics.py`.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from evaluation_data import Case
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.errors import SourceError
from vitpose_blender.core.filters import PRESETS, FilterPreset, OneEuroFilter
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.pipeline import PersonPipeline
from vitpose_blender.core.skeleton_fit import FEET
from vitpose_blender.core.solve import solve_keypoints
from vitpose_blender.core.types import FloatArray, Joints3D, Keypoints2D
from vitpose_blender.inference.lifters import CLIP_LIFTER, make_lifter

WRISTS = CANONICAL.rows_of(["left_wrist", "right_wrist"])
STILL_SPEED = 0.1  # A true foot that is slower is in contact [m/s].
SETTLING = 1.0  # Of a live filter, before its jitter counts [s].


def load_metrics(shared: Path) -> ModuleType:
    """Return the shared definitions as a module.

    Raises:
        SourceError: They are not there.
    """
    path = shared / "tools" / "metrics.py"
    spec = importlib.util.spec_from_file_location("metrics", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise SourceError(f"There are no definitions of figures at {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def solve(
    case: Case, way: str, preset: FilterPreset, lifter_name: str
) -> list[Joints3D]:
    """Return the joints of a case, `way` being `live` or `baked`."""
    lifter = make_lifter(lifter_name, case.height)
    if way == "baked":
        return solve_keypoints(case.keypoints, case.camera, lifter, preset)
    pipeline = PersonPipeline(lifter, case.camera, preset)
    return [pipeline.step(frame) for frame in case.keypoints]


def measure(
    case: Case, joints: Sequence[Joints3D], metrics: ModuleType
) -> dict[str, float]:
    """Return every figure of one case."""
    xyz = np.stack([frame.xyz + frame.root for frame in joints])
    figures = dict(metrics.report(xyz[:, :17], case.truth, case.fps))
    figures["foot_slide_mm"] = _foot_slide(case, xyz, metrics)
    figures["bone_variation_percent"] = _bone_variation(xyz, metrics)
    return figures


def _foot_slide(case: Case, xyz: FloatArray, metrics: ModuleType) -> float:
    """Return how far feet slide in true contact [mm a frame]; NaN without contact."""
    world_from_camera = case.camera.world_from_camera
    true_feet = case.feet @ world_from_camera.T
    speed = np.linalg.norm(np.gradient(true_feet, axis=0), axis=-1) * case.fps
    contact = (speed < STILL_SPEED) & np.isfinite(xyz[:, FEET]).all(axis=-1)
    if not (contact[1:] & contact[:-1]).any():
        return np.nan
    return float(metrics.foot_slide(xyz[:, FEET] @ world_from_camera.T, contact))


def _bone_variation(xyz: FloatArray, metrics: ModuleType) -> float:
    """Return the spread of the limb bone that varies most, of its length [%]."""
    lengths = np.stack(
        [np.linalg.norm(xyz[:, b] - xyz[:, a], axis=-1) for a, b in metrics.LIMBS]
    )
    spread = np.nanstd(lengths, axis=1) / np.nanmean(lengths, axis=1)
    return float(spread.max() * 100)


def static_case(noise: float = 3.0, seconds: float = 6.0) -> Case:
    """Return a person who stands still in a 720p picture under white noise [px]."""
    xyz = np.array(
        [
            [0, -0.62, -0.1], [0.03, -0.66, -0.08], [-0.03, -0.66, -0.08],
            [0.07, -0.63, 0], [-0.07, -0.63, 0], [0.18, -0.5, 0], [-0.18, -0.5, 0],
            [0.3, -0.26, 0.02], [-0.3, -0.26, 0.02],
            [0.33, -0.06, -0.12], [-0.33, -0.06, -0.12],
            [0.1, 0, 0], [-0.1, 0, 0], [0.12, 0.42, -0.03], [-0.12, 0.42, -0.03],
            [0.13, 0.83, 0.02], [-0.13, 0.83, 0.02],
        ]
    )  # fmt: skip
    camera = Camera((1280, 720), 60.0)
    truth = np.repeat(xyz[np.newaxis] + [0.0, 0.0, 3.0], int(seconds * 30), axis=0)
    xy = camera.project(truth)
    xy = xy + np.random.default_rng(0).normal(0.0, noise, xy.shape)
    keypoints = [
        Keypoints2D(frame, np.full(17, 0.9), i / 30.0) for i, frame in enumerate(xy)
    ]
    feet = np.full((len(xy), 4, 3), np.nan)
    return Case("static", "static", keypoints, camera, truth, feet, 30.0, 1.7)


def wrist_jitter(joints: Sequence[Joints3D]) -> float:
    """Return how far wrists stray from their mean about the pelvis, RMS [mm]."""
    wrists = np.stack([frame.xyz[WRISTS] for frame in joints])
    wrists = wrists[np.array([frame.t for frame in joints]) > SETTLING]
    stray = wrists - wrists.mean(axis=0)
    return float(np.sqrt((stray**2).sum(axis=-1).mean()) * 1e3)


def live_delay(preset: FilterPreset, fps: float = 30.0) -> float:
    """Return how late the live filter is for a wave of the arm [ms].

    The wave has 1 Hz and a quarter of the person's size to each side.
    """
    t = np.arange(int(6 * fps)) / fps
    wave = 0.25 * np.sin(2 * np.pi * t)
    one_euro = OneEuroFilter(preset.live)
    out = np.array([one_euro.step(a, np.array([[b]]))[0, 0] for a, b in zip(t, wave)])
    settled = t >= 2.0
    phase = np.exp(-2j * np.pi * t[settled])
    shift = np.angle((wave[settled] * phase).sum() / (out[settled] * phase).sum())
    return float(shift / (2 * np.pi) * 1e3)


def preset_figures() -> list[tuple[str, float, float, float]]:
    """Return name, live delay [ms], live and baked wrist jitter [mm] of presets."""
    case = static_case()
    return [
        (
            name,
            live_delay(preset),
            *(
                wrist_jitter(solve(case, way, preset, CLIP_LIFTER))
                for way in ("live", "baked")
            ),
        )
        for name, preset in PRESETS.items()
    ]
