# SPDX-License-Identifier: GPL-3.0-or-later
"""A ViTPose's files, as transformers saves them: settings and weights, checked."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import WeightsError
from .hf_loading import readable, refuse_missing
from .safetensors_file import read_safetensors
from .vit_shape import VitShape

if TYPE_CHECKING:
    import torch

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def read_json(path: Path) -> dict[str, Any]:
    """Return the settings in a file.

    Raises:
        WeightsError: It holds none.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise WeightsError(
            f"{path} is not valid JSON; bring the model's files again"
        ) from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path} holds no settings; bring the model's files again")
    return content


def read_shape(folder: Path) -> tuple[VitShape, tuple[str, ...]]:
    """Return what a model's `config.json` says: its shape, its name for each keypoint.

    What is not in it is as in transformers' `VitPoseConfig`.

    Raises:
        WeightsError: It is no ViTPose, or one of a kind that nobody has published.
    """
    config = read_json(folder / "config.json")
    kind = config.get("model_type")
    if kind != "vitpose":
        raise WeightsError(
            f"The model in {folder} is of the kind {kind!r}, not a ViTPose; choose one "
            "such as usyd-community/vitpose-base-simple"
        )
    labels = config.get("id2label") or {str(row): f"LABEL_{row}" for row in range(17)}
    try:
        shape = _shape(config, config.get("backbone_config") or {}, len(labels))
        names = tuple(str(labels[row]) for row in sorted(labels, key=int))
    except (TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"{folder / 'config.json'} holds settings of another form ({error}); bring "
            "the model's files again"
        ) from error
    return shape, names


def _shape(
    config: dict[str, Any], backbone: dict[str, Any], num_labels: int
) -> VitShape:
    usual = VitShape()
    layers = int(backbone.get("num_hidden_layers", usual.layers))
    if backbone.get("hidden_act", "gelu") != "gelu":
        raise ValueError(f"hidden_act is {backbone['hidden_act']!r}")
    if (backbone.get("out_indices") or [layers])[-1] not in (layers, -1):
        raise ValueError(f"out_indices is {backbone['out_indices']}")
    if not backbone.get("qkv_bias", True):
        raise ValueError("qkv_bias is false")
    return VitShape(
        _two(backbone.get("image_size", usual.image_hw)),
        _two(backbone.get("patch_size", usual.patch_hw)),
        int(backbone.get("hidden_size", usual.hidden)),
        layers,
        int(backbone.get("num_attention_heads", usual.heads)),
        int(backbone.get("mlp_ratio", usual.mlp_ratio)),
        float(backbone.get("layer_norm_eps", usual.eps)),
        int(backbone.get("num_experts", usual.num_experts)),
        int(backbone.get("part_features", usual.expert_features)),
        num_labels,
        bool(config.get("use_simple_decoder", True)),
        int(config.get("scale_factor", usual.scale)),
    )


def _two(value: Any) -> tuple[int, int]:
    first, second = (value, value) if isinstance(value, int) else value
    return int(first), int(second)


def read_tensors(folder: Path, shape: VitShape) -> "dict[str, torch.Tensor]":
    """Return the weights of a model by their names, float32.

    Raises:
        WeightsError: They are damaged, or not those of this shape.
    """
    with readable(folder):
        found = {
            name.replace(".experts.experts.", ".experts."): tensor
            for path in _files(folder)
            for name, tensor in _read(path).items()
        }
    wanted = shape.tensors()
    refuse_missing({"missing_keys": wanted.keys() - found.keys()}, folder)
    for name, size in wanted.items():
        if tuple(found[name].shape) != size:
            raise WeightsError(
                f"The weights in {folder} are not those of its config.json: {name} "
                f"has the shape {tuple(found[name].shape)}, not {size}; bring the "
                "model's files again"
            )
    return {name: found[name].float() for name in wanted}


def _files(folder: Path) -> list[Path]:
    """Return the files that hold the weights, whole or in parts."""
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return [folder / name]
        index = folder / f"{name}.index.json"
        if index.is_file():
            parts = read_json(index)["weight_map"].values()
            return [folder / part for part in sorted(set(parts))]
    return []


def _read(path: Path) -> "dict[str, torch.Tensor]":
    import torch

    if path.suffix == ".safetensors":
        tensors, _ = read_safetensors(path)
        return {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}
    loaded: dict[str, torch.Tensor] = torch.load(
        path, map_location="cpu", weights_only=True
    )
    return loaded
