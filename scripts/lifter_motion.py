# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion capture for training the lifter: what is held out, and how poses are drawn.

Poses are drawn by pose, not by minute: 80 minutes of exercises hold fewer different
poses than 20 minutes of varied motion.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitpose_blender.core.errors import SourceError
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.skeleton_fit import BONES, FEET
from vitpose_blender.core.types import BoolArray, FloatArray

FPS = 30.0  # Of the data [Hz].
HELD_OUT_SUBJECTS = ("s09", "s10")  # Of UI-PRMD.
# Whole sources that no weights ever see; the first two may ship, the others may not.
HELD_OUT_SOURCES = (
    "animated_drawings", "pymo",
    "cmu_iclone", "deepmimic", "vircadia", "rocketbox",
)  # fmt: skip
NUM_CLUSTERS = 3000
CLUSTER_POWER = 0.85  # 1 draws every cluster alike, 0 every frame.
SHORTEST_BONE = 0.03  # [m]
CONTACT_HEIGHT = 0.03  # Above the lowest that this part of the foot gets [m].
CONTACT_SPEED = 0.3  # [m/s]
ROW = CANONICAL.index


@dataclass(frozen=True, eq=False)
class Motion:
    """All clips in a row, y up.

    Attributes:
        joints: Shape `(N, 28, 3)`, in the order of `CANONICAL` [m].
        contact: Whether left heel, left toe, right heel, right toe stand, `(N, 4)`.
        first: First frame of the clip that each frame is in, shape `(N,)`.
        last: Its last frame, shape `(N,)`.
        weight: How often each frame is to be drawn, shape `(N,)`; sums to 1.
        bodies: Bone lengths of `BONES`, one row a body, shape `(S, 27)` [m].
        stature: Standing height over `chain_length` of the bodies [1].
    """

    joints: FloatArray
    contact: BoolArray
    first: FloatArray
    last: FloatArray
    weight: FloatArray
    bodies: FloatArray
    stature: float


def is_held_out(record: dict[str, object]) -> bool:
    """Return whether a clip of the index serves for testing only."""
    if record["source"] == "uiprmd":
        return any(subject in str(record["clip"]) for subject in HELD_OUT_SUBJECTS)
    return record["source"] in HELD_OUT_SOURCES or record["ship"] != "yes"


def chain_length(lengths: FloatArray) -> FloatArray:
    """Return the length from a foot to the top of the head, along the bones [m].

    Args:
        lengths: Of `BONES`, shape `(..., 27)` [m].
    """
    bone = {child: i for i, (child, _) in enumerate(BONES)}
    trunk = [bone[ROW[n]] for n in ("spine", "chest", "neck", "head_top")]
    legs = [bone[ROW[f"{s}_{n}"]] for s in ("left", "right") for n in ("knee", "ankle")]
    total: FloatArray = lengths[..., trunk].sum(-1) + lengths[..., legs].sum(-1) / 2
    return total


def load_motion(shared: Path, seed: int = 0) -> Motion:
    """Return every clip that shipped weights may learn from."""
    folder = shared / "data" / "mocap"
    if not folder.is_dir():
        raise SourceError(f"There is no motion capture in {folder}: give --shared")
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    records = {(r["source"], r["clip"]): r for r in index}
    joints, ends, bodies, ratios = [], [], [], []
    for source in sorted({r["source"] for r in index}):
        with np.load(folder / f"{source}.npz") as data:
            arrays = np.concatenate([data["coco17"], data["extra"]], axis=1)
            starts, clips = data["starts"], data["clips"]
        for start, end, clip in zip(starts, starts[1:], map(str, clips)):
            record, part = records[source, clip], arrays[start:end]
            if is_held_out(record) or len(part) < 10 or not np.isfinite(part).all():
                continue
            joints.append(part.astype(np.float32))
            ends.append(len(part))
            bodies.append(np.median(_lengths(part), axis=0))
            ratios.append(record["stature_est"] / chain_length(bodies[-1]))
    last = np.cumsum(ends)
    first = np.repeat(last - ends, ends)
    everything = np.concatenate(joints)
    return Motion(
        everything,
        np.concatenate([_contacts(part) for part in joints]),
        first,
        np.repeat(last, ends) - 1,
        _pose_weights(everything, np.random.default_rng(seed)),
        _different(np.stack(bodies)),
        float(np.median(ratios)),
    )


def _lengths(joints: FloatArray) -> FloatArray:
    children, parents = map(list, zip(*BONES))
    lengths: FloatArray = np.linalg.norm(
        joints[:, children] - joints[:, parents], axis=-1
    )
    return lengths


def _different(bodies: FloatArray) -> FloatArray:
    """Return bodies rid of those that look like an earlier one within 4 %.

    Skeletons that have two joints in one place are no body.
    """
    kept: list[FloatArray] = []
    for body in bodies[(bodies > SHORTEST_BONE).all(axis=1)]:
        if all(np.abs(np.log(body / other)).mean() > 0.04 for other in kept):
            kept.append(body)
    return np.stack(kept)


def _contacts(joints: FloatArray) -> BoolArray:
    feet = joints[:, FEET]
    low = feet[..., 1] - np.percentile(feet[..., 1], 2, axis=0) < CONTACT_HEIGHT
    speed = np.linalg.norm(np.gradient(feet, axis=0), axis=-1) * FPS
    contact: BoolArray = low & (speed < CONTACT_SPEED)
    return contact


def _pose_weights(joints: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return how often to draw each frame, so that rare poses come often.

    Cluster centres are picked far from one another (farthest first), so they cover
    the poses evenly; a frame shares its cluster's weight with those alike.
    """
    features = _pose_features(joints)
    sample = features[rng.permutation(len(features))[:40000]]
    centres = [sample[0]]
    nearest = np.full(len(sample), np.inf, dtype=np.float32)
    squares = (sample**2).sum(axis=1)
    for _ in range(NUM_CLUSTERS - 1):
        gap = squares - 2 * sample @ centres[-1] + (centres[-1] ** 2).sum()
        nearest = np.minimum(nearest, gap)
        centres.append(sample[nearest.argmax()])
    middle = np.stack(centres)
    offset = (middle**2).sum(axis=1)
    label = np.concatenate(
        [
            (offset - 2 * part @ middle.T).argmin(axis=1)
            for part in np.array_split(features, 1 + len(features) // 4096)
        ]
    )
    count = np.bincount(label, minlength=NUM_CLUSTERS)
    # A cluster of one or two frames is more often a glitch than a pose.
    weight = np.minimum(count, 5) / 5 * np.maximum(count, 1.0) ** -CLUSTER_POWER
    chosen = weight[label]
    result: FloatArray = chosen / chosen.sum()
    return result


def _pose_features(joints: FloatArray) -> FloatArray:
    """Return body joints about the pelvis, all facing alike, shape `(N, 36)` [m]."""
    body = joints[:, 5:17] - joints[:, [ROW["pelvis"]]]
    side = joints[:, ROW["left_hip"]] - joints[:, ROW["right_hip"]]
    yaw = np.arctan2(side[:, 2], side[:, 0])
    c, s = np.cos(yaw)[:, np.newaxis], np.sin(yaw)[:, np.newaxis]
    x, y, z = body[..., 0], body[..., 1], body[..., 2]
    turned = np.stack([c * x + s * z, y, c * z - s * x], axis=-1)
    result: FloatArray = turned.reshape(len(joints), -1).astype(np.float32)
    return result
