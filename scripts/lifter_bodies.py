# SPDX-License-Identifier: GPL-3.0-or-later
"""Random bodies in random poses: short windows of motion for training the lifter.

Windows are drawn by pose, mirrored, played slower or faster; upper bodies are swapped
between clips, limbs turned a little, and every body gets bones of its own.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lifter_motion import Motion
from vitpose_blender.core.body_model import DEFAULT_HEIGHT
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.skeleton_fit import BONES

ROW = CANONICAL.index
CHILD = [child for child, _ in BONES]
PARENT = [parent for _, parent in BONES]
BONE = {CANONICAL.names[child]: i for i, child in enumerate(CHILD)}
NUM_BONES = len(BONES)
CAPTURED = 0.45  # Windows whose pose is one that somebody struck [1].
# Of the others:
RECOMBINED = 0.5  # Windows with the upper body of another clip [1].
OTHER_ARM = 0.2  # Windows with an arm of yet another clip, for each arm [1].
TURNED = 0.7  # Windows whose limbs are turned at all [1].
FAR_TURNED = 0.25  # Windows whose limbs are turned far, to poses no clip has [1].
FAR_TURN = 1.5  # How much further than others [1].
TUMBLED = 0.06  # Windows with the whole body turned over, as on the floor [1].
_BELOW = ("hip", "knee", "ankle", "heel", "toe")
UPPER = [i for name, i in BONE.items() if not name.endswith(_BELOW)]
ARMS = tuple(
    [BONE[f"{side}_{name}"] for name in ("elbow", "wrist", "hand")]
    for side in ("left", "right")
)
# (bones that turn along, spread of the turn [rad]); outer ones come later.
TURNS = (
    (tuple(CANONICAL.names[CHILD[i]] for i in UPPER), 0.15),
    (("head_top", "nose", "left_eye", "right_eye", "left_ear", "right_ear"), 0.35),
    *(
        turn
        for side in ("left", "right")
        for turn in (
            ((f"{side}_elbow", f"{side}_wrist", f"{side}_hand"), 0.35),
            ((f"{side}_wrist", f"{side}_hand"), 0.25),
            ((f"{side}_hand",), 0.3),
            ((f"{side}_knee", f"{side}_ankle", f"{side}_heel", f"{side}_toe"), 0.2),
            ((f"{side}_ankle", f"{side}_heel", f"{side}_toe"), 0.15),
            ((f"{side}_heel", f"{side}_toe"), 0.15),
        )
    ),
)
# Bones whose lengths vary together, and how much [1].
GROUPS = (
    (("spine", "chest", "neck"), 0.07),
    (("left_shoulder", "right_shoulder"), 0.10),
    (("left_hip", "right_hip"), 0.18),
    (("left_elbow", "right_elbow"), 0.06),
    (("left_wrist", "right_wrist"), 0.06),
    (("left_knee", "right_knee"), 0.06),
    (("left_ankle", "right_ankle"), 0.06),
    (("left_heel", "right_heel"), 0.1),
    (("left_toe", "right_toe"), 0.08),
    (("left_hand", "right_hand"), 0.15),
    (("nose", "left_eye", "right_eye", "left_ear", "right_ear"), 0.1),
    (("head_top",), 0.08),
)


class Windows(NamedTuple):
    """Random people over short times, y up, the size of a 1.7 m adult.

    Attributes:
        joints: Shape `(B, W, 28, 3)`, about the pelvis of the middle frame [m].
        is_there: Whether the clip has this frame, shape `(B, W)`.
        contact: Whether each part of a foot stands, middle frame, `(B, 4)`.
    """

    joints: Tensor
    is_there: Tensor
    contact: Tensor


class BodySource:
    """Draws windows of motion.

    Args:
        motion: What to draw from.
        offsets: Frames of a window from its middle, at 30 Hz.
        generator: Of all randomness.
    """

    def __init__(
        self, motion: Motion, offsets: tuple[int, ...], generator: torch.Generator
    ) -> None:
        self._joints = torch.from_numpy(_both_hands(motion.joints))
        self._contact = torch.from_numpy(
            np.concatenate([motion.contact, motion.contact[:, [2, 3, 0, 1]]])
        )
        num = len(motion.joints)
        self._first = torch.from_numpy(
            np.concatenate([motion.first, motion.first + num])
        )
        self._last = torch.from_numpy(np.concatenate([motion.last, motion.last + num]))
        self._cumulative = torch.from_numpy(
            np.cumsum(np.concatenate([motion.weight, motion.weight])) / 2
        )
        self._bodies = torch.from_numpy(motion.bodies.astype(np.float32))
        self._stature = motion.stature
        self._offsets = torch.tensor(offsets, dtype=torch.float32)
        self._random = generator

    def draw(self, size: int) -> Windows:
        """Return `size` random windows."""
        frame, joints, is_there = self._play(size)
        changed = self._uniform(size) >= CAPTURED
        bones = self._recombined(_directions(joints), joints, changed)
        bones = self._turned(bones, changed)
        lengths = self._random_lengths(size)
        offsets = bones * lengths[:, None, :, None]
        posed = torch.einsum("jb,swbc->swjc", _PATHS, offsets)
        scale = (lengths @ _CHAIN) * self._stature / DEFAULT_HEIGHT
        move = joints[:, :, ROW["pelvis"]]
        move = move - move[:, self._middle, None]
        return Windows(
            posed / scale[:, None, None, None] + move[:, :, None],
            is_there,
            self._contact[frame],
        )

    def _recombined(self, bones: Tensor, joints: Tensor, changed: Tensor) -> Tensor:
        """Return bones of which some upper bodies and arms are of other windows."""
        for part, share in ((UPPER, RECOMBINED), *((arm, OTHER_ARM) for arm in ARMS)):
            rows = (changed & (self._uniform(len(bones)) < share)).nonzero()[:, 0]
            if not len(rows):
                continue
            _, other, _ = self._play(len(rows))
            facing = _facing(_directions(other)[:, :, part], other, joints[rows])
            bones[rows[:, None, None], torch.arange(bones.shape[1])[:, None], part] = (
                facing
            )
        return bones

    @property
    def _middle(self) -> int:
        return len(self._offsets) // 2

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._random)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._random)

    def _play(self, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return middle frames, joints and presence of random windows."""
        chosen = torch.rand(size, generator=self._random, dtype=torch.float64)
        frame = torch.searchsorted(self._cumulative, chosen)
        frame = frame.clamp(max=len(self._first) - 1)
        rate = 2.0 ** (self._uniform(size, 1) * 2 - 1)
        place = frame[:, None] + self._offsets * rate
        first, last = self._first[frame][:, None], self._last[frame][:, None]
        is_there = (place >= first) & (place <= last)
        place = torch.minimum(torch.maximum(place, first), last)
        before = place.floor().long()
        share = (place - before)[..., None, None].float()
        after = torch.minimum(before + 1, last)
        joints = torch.lerp(self._joints[before], self._joints[after], share)
        return frame, joints, is_there

    def _turned(self, bones: Tensor, changed: Tensor) -> Tensor:
        """Return bones of which whole limbs are turned, alike over the window."""
        size = len(bones)
        turn = torch.eye(3).expand(size, NUM_BONES, 3, 3).clone()
        far = 1 + FAR_TURN * (self._uniform(size, 1) < FAR_TURNED).float()
        far = far * (changed[:, None] & (self._uniform(size, 1) < TURNED))
        for names, spread in TURNS:
            rows = [BONE[n] for n in names]
            is_on = (self._uniform(size, 1) < 0.6).float()
            matrix = _rotation(self._normal(size, 3) * spread * far * is_on)
            turn[:, rows] = turn[:, rows] @ matrix[:, None]
        turned = torch.einsum("sbij,swbj->swbi", turn, bones)
        wrong = _bends_forward(turned[:, self._middle])
        turned = torch.where(wrong[:, None, None, None], bones, turned)
        return torch.einsum("sij,swbj->swbi", self._stance(size), turned)

    def _stance(self, size: int) -> Tensor:
        """Return rotations of the whole body: any heading, hardly ever tumbled."""
        tumbled = (self._uniform(size, 1) < TUMBLED).float()
        lean = self._normal(size, 3) * (0.06 + 0.9 * tumbled)
        heading = torch.zeros(size, 3)
        heading[:, 1] = self._uniform(size) * 2 * math.pi
        return _rotation(lean) @ _rotation(heading)

    def _random_lengths(self, size: int) -> Tensor:
        rows = torch.randint(len(self._bodies), (size,), generator=self._random)
        lengths = self._bodies[rows] * torch.exp(0.02 * self._normal(size, NUM_BONES))
        for names, spread in GROUPS:
            factor = torch.exp(spread * self._normal(size, 1))
            lengths[:, [BONE[n] for n in names]] *= factor
        head = [BONE[n] for n in (*GROUPS[-2][0], "head_top")]
        child = self._uniform(size, 1) < 0.15  # Children have larger heads.
        lengths[:, head] *= torch.where(child, 1 + 0.4 * self._uniform(size, 1), 1.0)
        return lengths


def _both_hands(joints: np.ndarray) -> np.ndarray:
    """Return the joints and, after them, their mirror images."""
    order = np.arange(len(CANONICAL))
    for left, right in CANONICAL_PAIRS:
        order[[left, right]] = right, left
    return np.concatenate([joints, joints[:, order] * np.float32([-1, 1, 1])])


CANONICAL_PAIRS = tuple(
    (row, ROW[name.replace("left_", "right_")])
    for name, row in ROW.items()
    if name.startswith("left_")
)


def _paths() -> Tensor:
    """Return which bones lead from the pelvis to each joint, shape `(28, 27)`."""
    paths = torch.zeros(len(CANONICAL), NUM_BONES)
    for i, (child, parent) in enumerate(BONES):
        paths[child] = paths[parent]
        paths[child, i] = 1
    return paths


def _chain() -> Tensor:
    """Return the weights that make `chain_length` of bone lengths, shape `(27,)`."""
    chain = torch.zeros(NUM_BONES)
    for name in ("spine", "chest", "neck", "head_top"):
        chain[BONE[name]] = 1
    for side in ("left", "right"):
        chain[BONE[f"{side}_knee"]] = chain[BONE[f"{side}_ankle"]] = 0.5
    return chain


_PATHS, _CHAIN = _paths(), _chain()


def _directions(joints: Tensor) -> Tensor:
    bones = joints[:, :, CHILD] - joints[:, :, PARENT]
    length = bones.norm(dim=-1, keepdim=True)
    up = torch.tensor([0.0, 1.0, 0.0])
    return torch.where(length > 0.01, bones / length.clamp(min=0.01), up)


def _facing(bones: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """Return bones turned about the vertical as pelvis `own` must be to be `wanted`."""
    turn = _yaw(wanted) - _yaw(own)
    c, s = turn.cos()[..., None], turn.sin()[..., None]
    x, y, z = bones.unbind(-1)
    return torch.stack([c * x - s * z, y, s * x + c * z], dim=-1)


def _yaw(joints: Tensor) -> Tensor:
    side = joints[:, :, ROW["left_hip"]] - joints[:, :, ROW["right_hip"]]
    return torch.atan2(side[..., 2], side[..., 0])


def _bends_forward(bones: Tensor) -> Tensor:
    """Return where a knee is bent the wrong way, shape `(S,)`."""
    side = bones[:, BONE["left_hip"]] - bones[:, BONE["right_hip"]]
    wrong = torch.zeros(len(bones), dtype=torch.bool)
    for name in ("left", "right"):
        thigh, shank = bones[:, BONE[f"{name}_knee"]], bones[:, BONE[f"{name}_ankle"]]
        ahead = torch.linalg.cross(side, -thigh)
        wrong |= (ahead * shank).sum(-1) > 0.15 * ahead.norm(dim=-1)
    return wrong


def _rotation(turn: Tensor) -> Tensor:
    """Return rotation matrices of rotation vectors, `(S, 3)` [rad] to `(S, 3, 3)`."""
    angle = turn.norm(dim=-1, keepdim=True).clamp(min=1e-8)
    x, y, z = (turn / angle).unbind(-1)
    o = torch.zeros_like(x)
    cross = torch.stack([o, -z, y, z, o, -x, -y, x, o], dim=-1).view(-1, 3, 3)
    c, s = angle.cos()[..., None], angle.sin()[..., None]
    return torch.eye(3) + s * cross + (1 - c) * (cross @ cross)
