# SPDX-License-Identifier: GPL-3.0-or-later
"""A ViTPose network on its device: crops in, heatmaps out.

torch and transformers are imported when a network is loaded, never before.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import VitposeError, WeightsError
from ..core.types import ImageArray
from .decode import HeatmapArray
from .device import Device, limit_threads
from .hf_loading import progress_hidden, readable, refuse_missing

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

_MAX_BATCH = 32  # Crops in one pass: a crowd must not exhaust a GPU's memory.
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_BYTE = 1 / 255  # From pixel values to [0, 1].


class Network:
    """A loaded ViTPose of any size, with the simple or the classic decoder.

    Attributes:
        input_wh: Width and height of the crops that it takes [px].
        labels: Its name for each keypoint.
    """

    def __init__(self, model: Any, device: Device, preprocessing: dict[str, Any]):
        import torch

        image_size = model.config.backbone_config.image_size
        self.input_wh: tuple[int, int] = (image_size[1], image_size[0])
        id2label = model.config.id2label
        self.labels = tuple(str(id2label[row]) for row in sorted(id2label))
        self._device = torch.device(device.torch_device)
        self._model = model.to(self._device).eval()
        _lay_out_decoder(self._model.head)
        _lower_precision(self._model, getattr(torch, device.dtype))
        half = device.dtype == "float16"
        self._input_dtype = torch.float16 if half else torch.float32
        self._gain, self._bias = self._normalisation(preprocessing)

    @classmethod
    def load(cls, folder: Path, device: Device, dataset_index: int = 0) -> "Network":
        """Read a network from a folder and run it once, so that the first is not slow.

        Args:
            folder: Holds `config.json`, weights and, if they are not ImageNet's, the
                colours' mean and deviation in `preprocessor_config.json`.
            device: Where it runs.
            dataset_index: Which expert of a ViTPose++ to use; 0 is COCO. A model
                without experts has nothing to choose.

        Raises:
            WeightsError: The files are not a whole ViTPose.
            VitposeError: `dataset_index` names no expert.
        """
        limit_threads()
        model = _read_model(folder)
        _keep_one_expert(model, dataset_index)
        preprocessing = folder / "preprocessor_config.json"
        network = cls(
            model, device, _read_json(preprocessing) if preprocessing.is_file() else {}
        )
        width, height = network.input_wh
        network.heatmaps(np.zeros((1, height, width, 3), dtype=np.uint8))
        return network

    def heatmaps(
        self, crops: ImageArray, mirrored_rows: Sequence[int] | None = None
    ) -> HeatmapArray:
        """Run the network.

        Args:
            crops: RGB pixels, shape `(N, height, width, 3)`.
            mirrored_rows: For each keypoint the row of its mirror image. If given,
                the mirrored crops are run too and both results averaged: twice the
                work for a little accuracy.

        Returns:
            Heatmaps, shape `(N, K, height / 4, width / 4)`.
        """
        import torch

        with torch.inference_mode():
            batches = [
                self._run(self._pixels(crops[i : i + _MAX_BATCH]), mirrored_rows)
                for i in range(0, len(crops), _MAX_BATCH)
            ]
            maps: HeatmapArray = torch.cat(batches).cpu().numpy()
        return maps

    def _run(
        self, pixels: "torch.Tensor", mirrored_rows: Sequence[int] | None
    ) -> "torch.Tensor":
        maps: torch.Tensor = self._model(pixel_values=pixels).heatmaps
        if mirrored_rows is None:
            return maps
        mirrored: torch.Tensor = self._model(pixel_values=pixels.flip(-1)).heatmaps
        return (maps + mirrored[:, list(mirrored_rows)].flip(-1)) / 2

    def _pixels(self, crops: ImageArray) -> "torch.Tensor":
        """Bring crops to the device, as bytes for less traffic, and normalise them."""
        import torch

        pixels = torch.from_numpy(crops)
        if self._device.type == "cuda":
            pixels = pixels.pin_memory()
        pixels = pixels.to(self._device, non_blocking=True).permute(0, 3, 1, 2)
        return (pixels * self._gain + self._bias).to(self._input_dtype)

    def _normalisation(
        self, preprocessing: dict[str, Any]
    ) -> tuple["torch.Tensor", "torch.Tensor"]:
        """Return gain and bias of each colour: `(x / 255 - mean) / std` in one step."""
        import torch

        mean = np.array(preprocessing.get("image_mean", _IMAGENET_MEAN))
        std = np.array(preprocessing.get("image_std", _IMAGENET_STD))
        if not preprocessing.get("do_normalize", True):
            mean, std = np.zeros(3), np.ones(3)
        factor = preprocessing.get("rescale_factor", _BYTE)
        if not preprocessing.get("do_rescale", True):
            factor = 1.0
        gain, bias = (
            torch.tensor(value, dtype=torch.float32, device=self._device).view(3, 1, 1)
            for value in (factor / std, -mean / std)
        )
        return gain, bias


def _read_model(folder: Path) -> Any:
    """Read a ViTPose, complete and of the right kind, without touching the network."""
    config = _read_json(folder / "config.json")
    kind = config.get("model_type")
    if kind != "vitpose":
        raise WeightsError(
            f"The model in {folder} is of the kind {kind!r}, not a ViTPose; choose one "
            "such as usyd-community/vitpose-base-simple"
        )
    import torch
    from transformers import VitPoseForPoseEstimation

    pose_model: Any = VitPoseForPoseEstimation
    with readable(folder), progress_hidden():
        model, info = pose_model.from_pretrained(
            folder,
            local_files_only=True,
            output_loading_info=True,
            dtype=torch.float32,  # Whatever its file says; the device decides later.
        )
    refuse_missing(info, folder)
    return model


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise WeightsError(
            f"{path} is not valid JSON; bring the model's files again"
        ) from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path} holds no settings; bring the model's files again")
    return content


def _keep_one_expert(model: Any, dataset_index: int) -> None:
    """Turn a ViTPose++ into the plain ViTPose of one of its datasets.

    Its layers compute every expert and multiply all but one by zero. The chosen
    expert's rows are simply more rows of the layer's second matrix.
    """
    import torch

    num_experts = model.config.backbone_config.num_experts
    if num_experts == 1:
        return
    if not 0 <= dataset_index < num_experts:
        raise VitposeError(
            f"dataset_index {dataset_index} names none of the model's {num_experts} "
            f"experts; choose 0 (COCO) to {num_experts - 1}"
        )
    for layer in model.backbone.encoder.layer:
        parts = (layer.mlp.fc2, layer.mlp.experts[dataset_index])
        fused = torch.nn.Linear(parts[0].in_features, layer.mlp.fc1.in_features)
        with torch.no_grad():
            fused.weight.copy_(torch.cat([part.weight for part in parts]))
            fused.bias.copy_(torch.cat([part.bias for part in parts]))
        layer.mlp = torch.nn.Sequential(layer.mlp.fc1, layer.mlp.act, fused)
        layer.num_experts = 1


def _lay_out_decoder(head: Any) -> None:
    """Keep the decoder's pictures channels-last, which halves its time on a CPU."""
    import torch

    def channels_last(_: Any, inputs: tuple["torch.Tensor"]) -> "torch.Tensor":
        return inputs[0].contiguous(memory_format=torch.channels_last)

    head.to(memory_format=torch.channels_last)
    head.register_forward_pre_hook(channels_last)


def _lower_precision(model: Any, dtype: "torch.dtype") -> None:
    """Convert a network to a shorter number format where that costs no accuracy.

    bfloat16 has 8 significant bits. Keeping it to the matrix products, where the time
    goes, more than halves the error of the heatmaps at the same speed. The last
    convolution is always in full precision: neighbouring cells of a peak would tie,
    and the summit could not be told within its cell.
    """
    import torch

    if dtype == torch.bfloat16:
        for module in model.modules():
            if isinstance(module, torch.nn.Linear):
                _compute_in(module, dtype)
    else:
        model.to(dtype)
    _compute_in(model.head.conv, torch.float32)


def _compute_in(module: Any, dtype: "torch.dtype") -> None:
    def cast(_: Any, inputs: tuple["torch.Tensor"]) -> "torch.Tensor":
        return inputs[0].to(dtype)

    module.to(dtype)
    module.register_forward_pre_hook(cast)
