# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses from motion capture, and meshes brought into them.

Only the directions of the captured bones count: every body keeps its own lengths, so
its keypoints are places on its own mesh.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nano_bodies import BONES, PARENTS, SIDES, Array, Body, Rows
from vitpose_blender.core.layouts import CANONICAL, COCO17

ROW, BONE = CANONICAL.index, {name: i for i, name in enumerate(BONES)}
HELD_OUT_SHIPPABLE = ("uiprmd", "animated_drawings", "pymo")
MAX_TWIST = 1.0  # Of a hand about its forearm [rad].
_KEYPOINT_BONES = ("upper_arm", "forearm", "hand", "thigh", "shin", "foot")


@dataclass(frozen=True, eq=False)
class Posed:
    """A mesh in a pose.

    Attributes:
        vertices, normals: Shape `(V, 3)` [m].
        keypoints: COCO-17, `(17, 3)` [m].
        heads: Where each of `BONES` begins, `(21, 3)` [m].
        turns: Rotation of each bone from rest, `(21, 3, 3)`.
    """

    vertices: Array
    normals: Array
    keypoints: Array
    heads: Array
    turns: Array


class PoseSource:
    """Poses that may be trained on, widened as for the lifter: rare ones come often."""

    def __init__(self, shared: Path, seed: int) -> None:
        import torch

        from lifter_bodies import BodySource
        from lifter_motion import load_motion

        random = torch.Generator().manual_seed(seed)
        self._source = BodySource(load_motion(shared), (0,), random)

    def draw(self, size: int) -> Array:
        """Return joints in the order of `CANONICAL`, `(size, 28, 3)` [m]."""
        joints: Array = self._source.draw(size).joints[:, 0].numpy()
        return joints


class HeldOutPoses:
    """Poses of subjects and sources that no weights ever learn from."""

    def __init__(self, shared: Path, seed: int) -> None:
        import json

        from lifter_motion import is_held_out

        folder = shared / "data" / "mocap"
        records = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        chosen = {
            (r["source"], r["clip"])
            for r in records
            if is_held_out(r) and r["source"] in HELD_OUT_SHIPPABLE
        }
        self._clips = []
        for source in HELD_OUT_SHIPPABLE:
            with np.load(folder / f"{source}.npz") as data:
                joints = np.concatenate([data["coco17"], data["extra"]], axis=1)
                for start, end, clip in zip(
                    data["starts"], data["starts"][1:], data["clips"]
                ):
                    part = joints[start:end].astype(np.float32)
                    if (source, str(clip)) in chosen and np.isfinite(part).all():
                        self._clips.append(part)
        self._rng = np.random.default_rng(seed)

    def draw(self, size: int) -> Array:
        """Return joints in the order of `CANONICAL`, `(size, 28, 3)` [m]."""
        clips = self._rng.integers(len(self._clips), size=size)
        poses = [self._rng.choice(self._clips[clip]) for clip in clips]
        yaw = self._rng.uniform(0, 2 * np.pi, size)
        axis = np.array([0.0, 1.0, 0.0])
        turned: Array = np.stack(
            [p @ rotation(axis * a).T for p, a in zip(poses, yaw)]
        ).astype(np.float32)
        return turned


def unit(vectors: Array) -> Array:
    """Return vectors of length 1."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    result: Array = vectors / np.maximum(length, 1e-9)
    return result


def rotation(turn: Array) -> Array:
    """Return the matrix of a rotation vector [rad]."""
    angle = float(np.linalg.norm(turn))
    if angle < 1e-9:
        return np.eye(3, dtype=np.float32)
    x, y, z = turn / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    matrix: Array = (
        np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    ).astype(np.float32)
    return matrix


def bring(start: Array, end: Array) -> Array:
    """Return the shortest rotations that bring directions to others, `(..., 3, 3)`."""
    a, b = unit(start), unit(end)
    v = np.cross(a, b)
    c = (a * b).sum(axis=-1)
    zero = np.zeros_like(c)
    cross = np.stack(
        [zero, -v[..., 2], v[..., 1], v[..., 2], zero, -v[..., 0],
         -v[..., 1], v[..., 0], zero], axis=-1).reshape(*c.shape, 3, 3)  # fmt: skip
    share = 1 / np.maximum(1 + c, 1e-3)
    matrix: Array = np.eye(3) + cross + cross @ cross * share[..., None, None]
    return matrix


def frame(side: Array, up: Array) -> Array:
    """Return rotations whose x is near `side` and whose y is `up`, `(..., 3, 3)`."""
    y = unit(up)
    x = unit(side - (side * y).sum(axis=-1, keepdims=True) * y)
    matrix: Array = np.stack([x, y, np.cross(x, y)], axis=-1)
    return matrix


def turns_of(joints: Array, body: Body, rng: np.random.Generator) -> Array:
    """Return how each bone of a body turns to take a pose, `(21, 3, 3)`.

    Args:
        joints: In the order of `CANONICAL`, `(28, 3)` [m].
        body: Only its bones at rest matter.
        rng: Of how the hands are turned.
    """
    turns = np.zeros((len(BONES), 3, 3), dtype=np.float32)

    def way(start: str, end: str) -> Array:
        return joints[ROW[end]] - joints[ROW[start]]

    trunk = way("pelvis", "neck")
    turns[BONE["hips"]] = frame(
        way("right_hip", "left_hip"), 0.6 * unit(way("pelvis", "spine")) + unit(trunk)
    )
    turns[BONE["chest"]] = frame(
        way("right_shoulder", "left_shoulder"),
        unit(way("spine", "neck")) + 0.3 * unit(trunk),
    )
    turns[BONE["head"]] = _head_turn(joints)
    for middle, (below, above) in {
        "spine": ("hips", "chest"), "neck": ("chest", "head"),
    }.items():  # fmt: skip
        both = turns[BONE[below]] + turns[BONE[above]]
        turns[BONE[middle]] = frame(both[:, 0], both[:, 1])
    for side in SIDES:
        _turn_arm(turns, way, body, side, rng)
        _turn_leg(turns, way, body, side)
    return turns


def _head_turn(joints: Array) -> Array:
    ears = joints[ROW["left_ear"]] - joints[ROW["right_ear"]]
    middle = (joints[ROW["left_ear"]] + joints[ROW["right_ear"]]) / 2
    forward = joints[ROW["nose"]] - middle
    matrix = frame(ears, np.cross(unit(forward), unit(ears)))
    # From ears to nose it goes down a little on the mesh as well.
    return matrix @ rotation(np.array([-0.12, 0.0, 0.0]))


def _turn_arm(turns, way, body: Body, side: str, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    chest = turns[BONE["chest"]]
    upper = way(f"{side}_shoulder", f"{side}_elbow")
    raised = max(0.0, float((chest.T @ unit(upper))[1]))
    sign = 1.0 if side == "left" else -1.0
    clavicle = chest @ rotation(np.array([0.0, 0.0, sign * 0.45 * raised]))
    lower = way(f"{side}_elbow", f"{side}_wrist")
    turns[BONE[f"{side}_clavicle"]] = clavicle
    arm = _swung(clavicle, body, f"{side}_upper_arm", f"{side}_forearm", upper)
    forearm = _swung(arm, body, f"{side}_forearm", f"{side}_hand", lower)
    turns[BONE[f"{side}_upper_arm"]] = arm
    turns[BONE[f"{side}_forearm"]] = forearm
    hand = way(f"{side}_wrist", f"{side}_hand")
    bend = bring(unit(lower), unit(0.6 * unit(hand) + unit(lower)))
    twist = rotation(unit(lower) * rng.uniform(-MAX_TWIST, MAX_TWIST))
    turns[BONE[f"{side}_hand"]] = bend @ twist @ forearm


def _turn_leg(turns, way, body: Body, side: str) -> None:  # type: ignore[no-untyped-def]
    hips = turns[BONE["hips"]]
    thigh = _swung(
        hips, body, f"{side}_thigh", f"{side}_shin", way(f"{side}_hip", f"{side}_knee")
    )
    shin = _swung(
        thigh, body, f"{side}_shin", f"{side}_foot",
        way(f"{side}_knee", f"{side}_ankle"),
    )  # fmt: skip
    turns[BONE[f"{side}_thigh"]], turns[BONE[f"{side}_shin"]] = thigh, shin
    rest = body.heads[BONE[f"{side}_toe"]] - body.heads[BONE[f"{side}_foot"]]
    rest = rest * np.array([1.0, 0.0, 1.0], dtype=np.float32)
    foot = bring(shin @ rest, way(f"{side}_heel", f"{side}_toe")) @ shin
    turns[BONE[f"{side}_foot"]] = turns[BONE[f"{side}_toe"]] = foot


def _swung(parent: Array, body: Body, bone: str, child: str, wanted: Array) -> Array:
    """Return the parent's rotation, turned on so that a bone points as wanted."""
    rest = body.heads[BONE[child]] - body.heads[BONE[bone]]
    swung: Array = bring(parent @ rest, wanted) @ parent
    return swung


def pose(body: Body, weights: Array, turns: Array) -> Posed:
    """Return a body in the pose that the turns of its bones make, pelvis at 0."""
    heads = np.zeros((len(BONES), 3), dtype=np.float32)
    for i, name in enumerate(BONES):
        if name in PARENTS:
            parent = BONE[PARENTS[name]]
            heads[i] = heads[parent] + turns[parent] @ (
                body.heads[i] - body.heads[parent]
            )
    move = heads - np.einsum("bij,bj->bi", turns, body.heads)
    affine = np.concatenate([turns.reshape(-1, 9), move], axis=1).astype(np.float32)
    mixed = weights @ affine
    matrix = mixed[:, :9].reshape(-1, 3, 3)
    vertices = (matrix @ body.vertices[:, :, None])[:, :, 0] + mixed[:, 9:]
    normals = unit((matrix @ body.normals[:, :, None])[:, :, 0])
    head = BONE["head"]
    keypoints = np.zeros((len(COCO17), 3), dtype=np.float32)
    keypoints[:5] = heads[head] + (body.face - body.heads[head]) @ turns[head].T
    keypoints[5:] = heads[KEYPOINT_ROWS]
    return Posed(vertices, normals, keypoints, heads, turns)


KEYPOINT_ROWS: Rows = np.array(
    [BONE[f"{side}_{name}"] for name in _KEYPOINT_BONES for side in SIDES]
)
