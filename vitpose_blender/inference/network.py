# SPDX-License-Identifier: GPL-3.0-or-later
"""A ViTPose network on its device: crops in, heatmaps out.

torch is imported when a network is loaded, never before.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import VitposeError
from ..core.types import ImageArray
from .decode import HeatmapArray
from .device import Device, limit_threads
from .vit import Vit
from .vit_files import read_json, read_shape, read_tensors

if TYPE_CHECKING:
    import torch

# Crops in one pass: a crowd must not exhaust a GPU's memory, and of more than a few a
# CPU's caches do not hold what is between two layers, which costs a quarter more time
# (measured with one thread and two).
_MAX_BATCH = 32
_MAX_CPU_BATCH = 4
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_BYTE = 1 / 255  # From pixel values to [0, 1].


class Network:
    """A loaded ViTPose of any size, with the simple or the classic decoder.

    Attributes:
        input_wh: Width and height of the crops that it takes [px].
        labels: Its name for each keypoint.
    """

    def __init__(
        self,
        vit: Vit,
        labels: tuple[str, ...],
        device: "torch.device",
        preprocessing: dict[str, Any],
    ) -> None:
        height, width = vit.shape.image_hw
        self.input_wh: tuple[int, int] = (width, height)
        self.labels = labels
        self._device = device
        self._vit = vit
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
        import torch

        limit_threads()
        shape, labels = read_shape(folder)
        _check_expert(shape.num_experts, dataset_index)
        where = torch.device(device.torch_device)
        tensors = read_tensors(folder, shape)
        vit = Vit(shape, tensors, where, getattr(torch, device.dtype), dataset_index)
        settings = folder / "preprocessor_config.json"
        preprocessing = read_json(settings) if settings.is_file() else {}
        network = cls(vit, labels, where, preprocessing)
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

        size = _MAX_CPU_BATCH if self._device.type == "cpu" else _MAX_BATCH
        with torch.inference_mode():
            batches = [
                self._run(self._pixels(crops[i : i + size]), mirrored_rows)
                for i in range(0, len(crops), size)
            ]
            maps: HeatmapArray = torch.cat(batches).cpu().numpy()
        return maps

    def _run(
        self, pixels: "torch.Tensor", mirrored_rows: Sequence[int] | None
    ) -> "torch.Tensor":
        maps = self._vit(pixels)
        if mirrored_rows is None:
            return maps
        mirrored = self._vit(pixels.flip(-1))
        return (maps + mirrored[:, list(mirrored_rows)].flip(-1)) / 2

    def _pixels(self, crops: ImageArray) -> "torch.Tensor":
        """Bring crops to the device, as bytes for less traffic, and normalise them."""
        import torch

        pixels = torch.from_numpy(crops)
        if self._device.type == "cuda":
            pixels = pixels.pin_memory()
        pixels = pixels.to(self._device, non_blocking=True).permute(0, 3, 1, 2)
        return (pixels * self._gain + self._bias).to(self._vit.input_dtype)

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


def _check_expert(num_experts: int, dataset_index: int) -> None:
    if num_experts > 1 and not 0 <= dataset_index < num_experts:
        raise VitposeError(
            f"dataset_index {dataset_index} names none of the model's {num_experts} "
            f"experts; choose 0 (COCO) to {num_experts - 1}"
        )
