# SPDX-License-Identifier: GPL-3.0-or-later
"""Random cameras and a detector's faults: what the lifter is shown in training."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from lifter_bodies import Windows
from vitpose_blender.core.layouts import CANONICAL, COCO17

ROW = CANONICAL.index
PELVIS = ROW["pelvis"]
PAIRS = COCO17.flip_pairs
SWAPPED = torch.arange(17)
for _left, _right in PAIRS:
    SWAPPED[[_left, _right]] = torch.tensor([_right, _left])
# Parts of the body that something hides for long, and how often each is hidden [1].
OFTEN_HIDDEN = (
    (7, 9), (8, 10), (5, 7, 9, 11, 13, 15), (6, 8, 10, 12, 14, 16),
    (13, 14, 15, 16), (13, 15), (14, 16),
)  # fmt: skip
HIDDEN_SHARE = 0.04
PLAIN = 0.65  # Windows of which nothing is hidden, cropped or mixed up [1].
# A body joint is behind another one that lies less than this beside it, over the
# person's size [1], and is this much nearer [m].
BEHIND_BESIDE, BEHIND_DEPTH = 0.07, 0.12
BEHIND_NOISE = 3.0  # Errors of what is behind are larger by about this factor [1].
JUMPS = 0.012  # Keypoints that are elsewhere for a frame, and no score tells [1].
UNKNOWN = 0.35  # Cameras of which lens and tilt are not known [1].
ROLLED = 0.3  # Cameras that are held askew, and the lifter is not told [1].
ARMS, LEGS = [7, 8, 9, 10], [13, 14, 15, 16]
# Spread of a detector's error over the person's size [1], COCO-17 order.
SPREAD = torch.tensor(
    [5, 5, 5, 6, 6, 6, 6, 8, 8, 10, 10, 12, 12, 8, 8, 9, 9], dtype=torch.float32
) / 1000  # fmt: skip


class Views(NamedTuple):
    """What a detector makes of windows of motion, and what is true.

    Attributes:
        points: On the plane z = 1 of a camera that looks at the person, x right and
            y down, shape `(B, W, 17, 2)`; anything where the score is 0.
        score: In [0, 1], shape `(B, W, 17)`.
        elevation: How far the camera looks up, as far as known, `(B,)` [rad].
        joints: The truth about the pelvis in that camera's axes, middle frame,
            shape `(B, 28, 3)` [m].
        depth: Of the pelvis along the camera's axis, shape `(B,)` [m].
    """

    points: Tensor
    score: Tensor
    elevation: Tensor
    joints: Tensor
    depth: Tensor


class ViewSource:
    """Films windows of motion with random cameras and detects the joints badly.

    Args:
        offsets: Frames of a window from its middle, at 30 Hz.
        generator: Of all randomness.
        is_exact: Whether keypoints lie where the joints are, all of them.
    """

    def __init__(
        self,
        offsets: tuple[int, ...],
        generator: torch.Generator,
        *,
        is_exact: bool = False,
    ) -> None:
        self._is_exact = is_exact
        self._offsets = torch.tensor(offsets, dtype=torch.float32)
        self._middle = len(offsets) // 2
        self._random = generator

    def film(self, windows: Windows) -> Views:
        """Return what a detector sees of `windows`."""
        size = len(windows.joints)
        is_unknown = self._uniform(size) < UNKNOWN
        xyz, elevation = self._in_camera(windows.joints, is_unknown)
        points = xyz[:, :, :17, :2] / xyz[:, :, :17, 2:].clamp(min=0.2)
        lens = torch.where(is_unknown, 0.15, 0.02) * self._normal(size)
        points = points * torch.exp(lens)[:, None, None, None]
        if self._is_exact:
            seen, score = points, torch.ones(points.shape[:3])
        else:
            seen, score = self._detect(points, xyz[:, :, :17])
        score = score * self._presence(windows.is_there)[..., None]
        middle = xyz[:, self._middle]
        return Views(
            seen,
            score,
            elevation,
            middle - middle[:, PELVIS, None],
            middle[:, PELVIS, 2],
        )

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._random)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._random)

    def _in_camera(self, joints: Tensor, is_unknown: Tensor) -> tuple[Tensor, Tensor]:
        """Return joints in a camera that looks at the person, and its elevation."""
        size = len(joints)
        distance = torch.exp(
            math.log(1.5) + self._uniform(size) * (math.log(10) - math.log(1.5))
        )
        rise = torch.where(
            self._uniform(size) < 0.6,
            0.2 + 0.5 * self._normal(size),
            -0.9 + 3 * self._uniform(size),
        )
        rise = rise.clamp(-0.95, 2.2)
        rise = torch.minimum(rise, distance * 1.2)
        across = (distance**2 - rise**2).clamp(min=0.5).sqrt()
        eye = torch.stack([torch.zeros(size), rise, across], dim=-1)
        trunk = joints[:, self._middle, [5, 6, 11, 12]].mean(dim=1)
        aim = trunk + 0.04 * self._normal(size, 3)
        ahead = torch.nn.functional.normalize(aim - eye, dim=-1)
        down = torch.tensor([0.0, -1.0, 0.0]).expand(size, 3)
        right = torch.nn.functional.normalize(torch.linalg.cross(down, ahead), dim=-1)
        below = torch.linalg.cross(ahead, right)
        rolled = self._uniform(size, 1) < ROLLED
        roll = torch.where(rolled, 0.25, 0.04) * self._normal(size, 1)
        rows = torch.stack(
            [
                roll.cos() * right + roll.sin() * below,
                roll.cos() * below - roll.sin() * right,
                ahead,
            ],
            dim=1,
        )
        xyz = torch.einsum("sij,swkj->swki", rows, joints - eye[:, None, None])
        elevation = torch.asin(ahead[:, 1].clamp(-1, 1))
        guess = (self._uniform(size) - 0.5) * 0.5  # A tilted camera said to be level.
        error = 0.03 * self._normal(size)
        return xyz, torch.where(is_unknown, guess, elevation) + error

    def _detect(self, points: Tensor, xyz: Tensor) -> tuple[Tensor, Tensor]:
        now = points[:, self._middle]
        extent = (now.amax(dim=1) - now.amin(dim=1)).amax(dim=-1)[:, None, None]
        size, num_frames = points.shape[:2]
        is_plain = self._uniform(size) < PLAIN
        lost, doubtful = self._gaps(points, xyz, is_plain[:, None, None])
        noise = self._noise(size, num_frames)
        noise = noise * self._behind(now, xyz[:, self._middle], extent)
        wild = 2 + 6 * self._uniform(size, 1, 17)
        noise = noise * torch.where(doubtful, wild, 1.0)[..., None]
        error = noise.norm(dim=-1)
        base, fall = (
            0.75 + 0.25 * self._uniform(size, 1, 1),
            3 + 9 * self._uniform(size, 1, 1),
        )
        score = base - fall * error + 0.06 * self._normal(size, num_frames, 17)
        cap = 0.15 + 0.5 * self._uniform(size, 1, 17)
        score = torch.where(doubtful, torch.minimum(score, cap), score)
        score = score.clamp(0.05, 1.0) * (~lost)
        jumps = self._uniform(size, num_frames, 17) < JUMPS
        noise = noise + 0.08 * self._normal(size, num_frames, 17, 2) * jumps[..., None]
        return self._mix_up(points + noise * extent[..., None], score, ~is_plain)

    def _behind(self, points: Tensor, xyz: Tensor, extent: Tensor) -> Tensor:
        """Return how much larger errors are of what the body hides, `(B, 1, 17, 1)`."""
        apart = torch.cdist(points, points[:, 5:]) < BEHIND_BESIDE * extent
        nearer = xyz[:, :, None, 2] - xyz[:, None, 5:, 2] > BEHIND_DEPTH
        is_behind = (apart & nearer).any(dim=-1)
        is_behind[:, :5] = False
        growth = BEHIND_NOISE * torch.exp(0.4 * self._normal(*is_behind.shape))
        return torch.where(is_behind, growth, 1.0)[:, None, :, None]

    def _noise(self, size: int, num_frames: int) -> Tensor:
        """Return errors over the person's size: lasting, slow and quick ones."""
        level = torch.exp(0.5 * self._normal(size, 1, 1)).clamp(0.3, 3.0)
        tail = torch.exp(0.7 * self._normal(size, 1, 17))
        spread = (level * tail * SPREAD)[..., None]
        lasting = 0.8 * self._normal(size, 1, 17, 2)
        share = ((self._offsets / 10).clamp(-1, 1))[:, None, None]
        ends = self._normal(3, size, 1, 17, 2)
        slow = (
            ends[0] * (1 - share.abs())
            + torch.where(share > 0, ends[1], ends[2]) * share.abs()
        )
        bump = torch.exp(0.5 * self._normal(size, num_frames, 17, 1))
        quick = 0.5 * bump * self._normal(size, num_frames, 17, 2)
        return spread * (lasting + 0.6 * slow + quick)

    def _gaps(
        self, points: Tensor, xyz: Tensor, is_plain: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return which keypoints are lost and which are doubtful, `(B, W, 17)`."""
        size, num_frames = points.shape[:2]
        hidden = self._spells(size, 17, 0.12)
        hidden |= (self._uniform(size, 1, 17) < 0.02) | (
            self._uniform(size, num_frames, 17) < 0.01
        )
        sides = torch.zeros(size, 1, 17, dtype=torch.bool)
        kind = self._uniform(size)
        for number, rows in enumerate(OFTEN_HIDDEN):
            low = number * HIDDEN_SHARE
            sides[:, 0, list(rows)] |= ((kind >= low) & (kind < low + HIDDEN_SHARE))[
                :, None
            ]
        hidden = (hidden | sides) & ~is_plain
        away = _faces_away(xyz) > 0.3
        face = torch.arange(17) < 5
        hidden |= away[..., None] & face & (self._uniform(size, 1, 1) < 0.9)
        truly = self._uniform(size, 1, 17) < 0.5
        cropped = self._cropped(points) & ~is_plain
        return (hidden & truly) | cropped, hidden & ~truly

    def _spells(self, size: int, rows: int, share: float) -> Tensor:
        """Return stretches of time, at most one a row and window, `(B, W, rows)`."""
        reach = float(self._offsets[-1])
        start = (self._uniform(size, 1, rows) * 3 - 1.5) * reach
        end = start + (0.1 + 1.5 * self._uniform(size, 1, rows)) * reach
        is_on = self._uniform(size, 1, rows) < share
        time = self._offsets[None, :, None]
        return is_on & (time >= start) & (time <= end)

    def _cropped(self, points: Tensor) -> Tensor:
        """Return keypoints beyond the picture's lower edge, or one of its sides."""
        size = len(points)
        now = points[:, self._middle]
        low, high = now.amin(dim=1), now.amax(dim=1)
        edge = low + (high - low) * (0.35 + 0.6 * self._uniform(size, 2))
        kind = self._uniform(size, 1, 1)
        below = (kind < 0.25) & (points[..., 1] > edge[:, None, None, 1])
        beside = (kind > 0.94) & (points[..., 0] > edge[:, None, None, 0])
        return below | beside

    def _mix_up(
        self, points: Tensor, score: Tensor, allowed: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return keypoints of which some stretches have left and right swapped."""
        swapped = self._spells(len(points), 3, 0.05) & allowed[:, None, None]
        rows = torch.zeros(3, 17, dtype=torch.bool)
        rows[0, [5, 6, *ARMS]], rows[1, [11, 12, *LEGS]], rows[2] = True, True, True
        which = (swapped[..., None] & rows).any(dim=2)
        return (
            torch.where(which[..., None], points[:, :, SWAPPED], points),
            torch.where(which, score[:, :, SWAPPED], score),
        )

    def _presence(self, is_there: Tensor) -> Tensor:
        """Return which frames the lifter gets: half of the windows have no future."""
        size = len(is_there)
        kind = self._uniform(size, 1)
        live = self._uniform(size, 1) < 0.5
        oldest = torch.where(
            kind < 0.2, -self._offsets[-1] * self._uniform(size, 1) * 1.2, -99.0
        )
        oldest = torch.where(kind < 0.05, 0.0, oldest)
        kept = is_there & ~(live & (self._offsets > 0)) & (self._offsets >= oldest)
        kept &= self._uniform(*is_there.shape) > torch.where(kind > 0.9, 0.2, 0.005)
        kept |= self._offsets == 0
        return kept.float()


def _faces_away(xyz: Tensor) -> Tensor:
    """Return how much the face points away from the camera, -1 to 1, `(B, W)`."""
    forward = xyz[:, :, 0] - xyz[:, :, 3:5].mean(dim=2)
    return torch.nn.functional.cosine_similarity(forward, xyz[:, :, 0], dim=-1)
