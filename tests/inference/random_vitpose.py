# SPDX-License-Identifier: GPL-3.0-or-later
"""Small ViTPose models, made here and saved the way the hub's are.

Their weights are random, so what they find means nothing; everything around the
network is as real as with the official weights, which weigh 90 MB and more.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Shape:
    """What makes one ViTPose differ from another."""

    hidden: int = 48
    layers: int = 2
    heads: int = 2
    num_labels: int = 17
    simple: bool = True
    experts: int = 1
    labels: tuple[str, ...] = ()


SIZES = {
    "nano": Shape(hidden=192, layers=6, heads=6),
    "small": Shape(hidden=384, layers=12, heads=12),
    "base": Shape(hidden=768, layers=12, heads=12),
}


def random_vitpose(shape: Shape = Shape(), seed: int = 0):
    """Return a randomly initialised transformers model."""
    import torch
    from transformers import (
        VitPoseBackboneConfig,
        VitPoseConfig,
        VitPoseForPoseEstimation,
    )

    torch.manual_seed(seed)
    backbone = VitPoseBackboneConfig(
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_experts=shape.experts,
        part_features=shape.hidden // 4 if shape.experts > 1 else 0,
        out_indices=[shape.layers],
    )
    config = VitPoseConfig(
        backbone_config=backbone,
        num_labels=len(shape.labels) or shape.num_labels,
        use_simple_decoder=shape.simple,
    )
    if shape.labels:
        config.id2label = dict(enumerate(shape.labels))
        config.label2id = {label: row for row, label in enumerate(shape.labels)}
    return VitPoseForPoseEstimation(config).eval()


def save_vitpose(model, folder: Path) -> Path:
    """Write config, weights and preprocessor settings into `folder`."""
    from transformers.models.vitpose.image_processing_pil_vitpose import (
        VitPoseImageProcessorPil,
    )
    from transformers.utils import logging as hf_logging

    hf_logging.disable_progress_bar()
    model.save_pretrained(folder)
    VitPoseImageProcessorPil().save_pretrained(folder)
    return folder


def fit_last_layer(
    model,
    pixel_values: npt.NDArray[np.float32],
    xy: npt.NDArray[np.float64],
    ridge: float = 1e-3,
) -> None:
    """Make the heatmaps peak at chosen places of chosen pictures.

    The last convolution is linear, so it is solved for by least squares: bumps of
    2 px on random features. The result has smooth, single peaks like a trained
    model's, and they depend on the picture. Wide position embeddings let the
    features tell one place from another; call this before saving.

    Args:
        model: A model of `random_vitpose`; changed in place.
        pixel_values: Normalised crops, shape `(N, 3, 256, 192)`.
        xy: Where the heatmaps shall peak, shape `(N, K, 2)` [heatmap px].
        ridge: Regularisation, relative to the features' mean square.
    """
    import torch

    torch.nn.init.normal_(model.backbone.embeddings.position_embeddings, std=0.3)
    conv = model.head.conv
    seen = []
    hook = conv.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        height, width = model(torch.from_numpy(pixel_values)).heatmaps.shape[2:]
    hook.remove()
    with torch.no_grad():
        patches = torch.nn.functional.unfold(
            seen[0].clone(), conv.kernel_size, padding=conv.padding
        )
        features = patches.transpose(1, 2).flatten(0, 1).double()
        features = torch.cat([features, torch.ones(len(features), 1)], dim=1)
        x, y = torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy")
        centers = torch.from_numpy(xy)[..., None, None]
        square = (x - centers[:, :, 0]) ** 2 + (y - centers[:, :, 1]) ** 2
        bumps = torch.exp(-square / 8).flatten(2).transpose(1, 2).flatten(0, 1)
        gram = features.T @ features
        gram += ridge * gram.diagonal().mean() * torch.eye(len(gram))
        solution = torch.linalg.solve(gram, features.T @ bumps).float()
        conv.weight.copy_(solution[:-1].T.reshape(conv.weight.shape))
        conv.bias.copy_(solution[-1])
