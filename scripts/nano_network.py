# SPDX-License-Identifier: GPL-3.0-or-later
"""The small ViTPose: how it begins, how it grows to larger pictures, how it is saved.

A transformer knows nothing of pictures at the start and learns it slowly. Its start is
therefore what trained ones have in common: patches read by whitened filters,
positions as waves, attention that looks near, and values that sharpen.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vitpose_blender.core.layouts import COCO17
from vitpose_blender.core.types import FloatArray

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PATCH = 16  # [px]
FULL = (256, 192)  # Height and width of the finished model's input [px].
EDGES = [list(edge) for edge in COCO17.edges]


def make_network(
    width: int, layers: int, heads: int, size: tuple[int, int] = FULL
) -> Any:
    """Return a fresh `VitPoseForPoseEstimation` for pictures of `size`."""
    from transformers import (
        VitPoseBackboneConfig,
        VitPoseConfig,
        VitPoseForPoseEstimation,
    )

    backbone = VitPoseBackboneConfig(
        image_size=list(size),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_experts=1,
        part_features=0,
        layer_norm_eps=1e-6,
        out_indices=[layers],
    )
    config = VitPoseConfig(
        backbone_config=backbone, num_labels=len(COCO17), use_simple_decoder=True
    )
    names = [n.replace("left_", "L_").replace("right_", "R_") for n in COCO17.names]
    config.id2label = {row: name.title() for row, name in enumerate(names)}
    config.label2id = {label: row for row, label in config.id2label.items()}
    config.edges = EDGES
    network = VitPoseForPoseEstimation(config)
    _begin(network, width, heads, size)
    return network


def _begin(network: Any, width: int, heads: int, size: tuple[int, int]) -> None:
    position = network.backbone.embeddings.position_embeddings
    with torch.no_grad():
        position.copy_(_waves(size, width))
        for layer in network.backbone.encoder.layer:
            attention = layer.attention
            _look_near(attention.attention, heads)
            # Values and output together are nearly the negative identity
            # (Trockman and Kolter, Mimetic Initialization, ICML 2023).
            wanted = 0.4 * torch.randn(width, width) / math.sqrt(width)
            u, s, v = torch.linalg.svd(wanted - 0.4 * torch.eye(width))
            attention.attention.value.weight.copy_(s.sqrt()[:, None] * v)
            attention.output.dense.weight.copy_(u * s.sqrt())
        nn.init.normal_(network.head.conv.weight, std=0.01)
        network.head.conv.bias.zero_()


def _look_near(attention: Any, heads: int) -> None:
    width = attention.query.weight.shape[0]
    each = width // heads
    for head in range(heads):
        rows = slice(head * each, (head + 1) * each)
        wanted = 0.7 * torch.randn(width, width) / math.sqrt(width)
        u, s, v = torch.linalg.svd(wanted + 0.7 * torch.eye(width))
        attention.query.weight[rows] = (u * s.sqrt()).T[:each]
        attention.key.weight[rows] = (s.sqrt()[:, None] * v)[:each]


def _waves(size: tuple[int, int], width: int) -> Tensor:
    """Return positions as waves along both axes, `(1, N + 1, width)`."""
    rows, columns = size[0] // PATCH, size[1] // PATCH
    # Places are shares of the full picture, so that sizes agree.
    y = (torch.arange(rows) + 0.5) / rows * 16
    x = (torch.arange(columns) + 0.5) / columns * 12
    quarter = width // 4
    frequency = 1 / 40 ** (torch.arange(quarter) / quarter)
    parts = []
    for place in torch.meshgrid(y, x, indexing="ij"):
        angle = place.reshape(-1, 1) * frequency
        parts += [angle.sin(), angle.cos()]
    waves = torch.cat(parts, dim=1) * 0.5
    return torch.cat([torch.zeros(1, width), waves])[None]


def read_by_whitening(network: Any, pictures: Tensor) -> None:
    """Let the patch filters be whitened principal components of real patches.

    Args:
        network: Changed in place.
        pictures: Normalised, `(N, 3, H, W)`.
    """
    projection = network.backbone.embeddings.patch_embeddings.projection
    width = projection.weight.shape[0]
    patches = nn.functional.unfold(pictures, PATCH, stride=PATCH // 2)
    patches = patches.transpose(1, 2).reshape(-1, 3 * PATCH**2)
    chosen = torch.randperm(len(patches), generator=torch.Generator().manual_seed(0))
    patches = patches[chosen[:60000]]
    mean = patches.mean(dim=0)
    covariance = torch.cov((patches - mean).T)
    values, vectors = torch.linalg.eigh(covariance)
    top = torch.arange(len(values) - 1, len(values) - 1 - width, -1)
    scale = 0.5 / (values[top] + 0.02 * values[top].mean()).sqrt()
    filters = vectors[:, top] * scale
    # Mixed, so that every channel sees something of every frequency.
    mix = torch.linalg.qr(torch.randn(width, width))[0]
    filters = filters @ mix
    with torch.no_grad():
        projection.weight.copy_(filters.T.reshape(projection.weight.shape))
        projection.bias.copy_(-(mean @ filters))


def resize(network: Any, size: tuple[int, int]) -> None:
    """Let a network take pictures of another size from now on."""
    embeddings = network.backbone.embeddings
    patches = embeddings.patch_embeddings
    old = tuple(patches.image_size)
    if old == tuple(size):
        return
    position = embeddings.position_embeddings.detach()
    grid = position[:, 1:].reshape(1, old[0] // PATCH, old[1] // PATCH, -1)
    new = (size[0] // PATCH, size[1] // PATCH)
    grid = nn.functional.interpolate(
        grid.permute(0, 3, 1, 2), new, mode="bicubic", align_corners=False
    )
    grid = grid.permute(0, 2, 3, 1).reshape(1, new[0] * new[1], -1)
    embeddings.position_embeddings = nn.Parameter(torch.cat([position[:, :1], grid], 1))
    patches.image_size, patches.num_patches = list(size), new[0] * new[1]
    network.config.backbone_config.image_size = list(size)


def export(network: Any, folder: Path) -> None:
    """Write a network in transformers' format, in half precision."""
    import copy

    saved = copy.deepcopy(network).cpu().half()
    saved.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    _compute_in_full(folder / "config.json")
    settings = {
        "do_affine_transform": True, "do_normalize": True, "do_rescale": True,
        "image_mean": MEAN, "image_processor_type": "VitPoseImageProcessor",
        "image_std": STD, "normalize_factor": 200.0, "rescale_factor": 1 / 255,
        "size": {"height": FULL[0], "width": FULL[1]},
    }  # fmt: skip
    text = json.dumps(settings, indent=2) + "\n"
    (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")


def _compute_in_full(path: Path) -> None:
    """Say that weights stored in half precision are for computing in full."""
    config = json.loads(path.read_text(encoding="utf-8"))
    for part in (config, config["backbone_config"]):
        part["dtype"] = "float32"
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def normalised(pictures: Tensor) -> Tensor:
    """Return RGB bytes `(N, H, W, 3)` as the network's input `(N, 3, H, W)`."""
    mean = torch.tensor(MEAN, device=pictures.device) * 255
    std = torch.tensor(STD, device=pictures.device) * 255
    return ((pictures - mean) / std).permute(0, 3, 1, 2)


def spread_at(size: tuple[int, int]) -> float:
    """Return the width of a heatmap's peak for pictures of `size` [heatmap px]."""
    return max(1.2, 2.0 * size[0] / FULL[0])


def heatmaps_of(xy: Tensor, heights: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the heatmaps to learn, `(N, 17, H / 4, W / 4)`.

    Args:
        xy: Keypoints, `(N, 17, 2)`; corner pixels are at 0 and 1.
        heights: Of the peaks, `(N, 17)`.
        size: Height and width of the pictures [px].
    """
    rows, columns = size[0] // 4, size[1] // 4
    double = 2 * spread_at(size) ** 2
    x = torch.arange(columns, device=xy.device) - xy[..., :1] * (columns - 1)
    y = torch.arange(rows, device=xy.device) - xy[..., 1:] * (rows - 1)
    across, down = torch.exp(-(x**2) / double), torch.exp(-(y**2) / double)
    return heights[..., None, None] * down[..., :, None] * across[..., None, :]


def loss_of(maps: Tensor, wanted: Tensor, known: Tensor, sharpness: float) -> Tensor:
    """Return how far heatmaps are from the wanted ones.

    Squares teach the heights, but say little while a map is still flat; the cross
    entropy of the maps as distributions tells at once where a peak belongs.

    Args:
        maps: Found, `(N, 17, h, w)`.
        wanted: What they should be, likewise.
        known: Whether each keypoint is labelled, `(N, 17)`.
        sharpness: Weight of the cross entropy; 0 for squares only.
    """
    weight = known / known.sum().clamp(min=1)
    square = (maps - wanted) ** 2 * (1 + 4 * wanted)
    loss = (square.mean(dim=(2, 3)) * weight).sum() * 40
    if sharpness == 0:
        return loss
    logits, aim = maps.flatten(2) * 12, wanted.flatten(2) * 12
    gap = (aim.softmax(-1) * (aim.log_softmax(-1) - logits.log_softmax(-1))).sum(-1)
    height = wanted.amax(dim=(2, 3)).clamp(0, 1)
    return loss + sharpness * (gap * weight * height).sum()


def peaks(maps: Tensor) -> tuple[FloatArray, FloatArray]:
    """Return keypoints as shares of the picture, `(N, 17, 2)`, and scores."""
    from vitpose_blender.inference.decode import decode_heatmaps

    xy, score = decode_heatmaps(maps.float().cpu().numpy())
    size = np.array([maps.shape[3] - 1, maps.shape[2] - 1])
    return xy / size, score
