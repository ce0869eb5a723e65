# SPDX-License-Identifier: GPL-3.0-or-later
"""Make scores say how often a keypoint is where it is said to be.

Learnt from squares, a heatmap's peak is lower the less sure its place is, also where it
is sure enough. One factor for all, in the last convolution, makes scores shares: of
the keypoints with 0.8, eight in ten lie within a twentieth of the person's box.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nano_network import FULL, normalised, peaks
from vitpose_blender.inference.crop import PADDING

if TYPE_CHECKING:
    from nano_shards import Shards

CLOSE = 0.05 / PADDING  # A twentieth of the box, as a share of its crop's height [1].
BATCH, BATCHES = 32, 40
MOST = 1.5  # A larger factor is no matter of scores any more.


@torch.no_grad()
def make_scores_true(network: Any, shards: "Shards") -> float:
    """Scale a network's heatmaps by what they say too little; returns the factor.

    Args:
        network: At its full size, on the CPU; changed in place.
        shards: Rendered pictures; whoever is tested on must not be among them.
    """
    network.eval()
    said, found = 0.0, 0.0
    for _ in range(BATCHES):
        pictures, xy, heights = map(
            torch.from_numpy, shards.draw(BATCH, FULL, {"render": 1.0}, 1.0)
        )
        maps = network(normalised(pictures.float())).heatmaps
        score, hit = _judged(maps, xy)
        known = torch.isfinite(heights)
        # Sure ones decide: a factor cannot lift the lowest, and nobody trusts them.
        weight = known * score
        said += float((weight * score).sum())
        found += float((weight * hit).sum())
    factor = min(MOST, found / said)
    last = network.head.conv
    last.weight.mul_(factor)
    if last.bias is not None:
        last.bias.mul_(factor)
    return factor


def _judged(maps: Tensor, xy: Tensor) -> tuple[Tensor, Tensor]:
    """Return scores, and whether keypoints are close, each `(N, 17)`."""
    found, score = peaks(maps)
    height, width = FULL
    sides = torch.tensor([(width - 1) / height, (height - 1) / height])
    away = ((torch.from_numpy(found) - xy) * sides).norm(dim=-1)
    return torch.from_numpy(score), away < CLOSE
