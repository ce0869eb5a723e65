# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the people are in one picture. Who they are is the business of `people`."""

import logging
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..core.errors import WeightsError
from ..core.types import Detections, ImageArray
from .device import Device, limit_threads
from .hf_loading import progress_hidden, readable, refuse_missing
from .hog import HogDetector
from .pose_detector import PoseDetector
from .vitpose import ViTPose
from .weights import BUILT_IN_MODEL, resolve_weights

log = logging.getLogger(__name__)

GPU_MODEL = "PekingU/rtdetr_r50vd_coco_o365"
CPU_MODEL = "ustc-community/dfine-nano-coco"  # r50 takes seconds a frame on a CPU.
MIN_SCORE = 0.4

_PERSON_LABELS = {"person", "people", "human", "pedestrian"}


class PersonDetector(Protocol):
    """Finds people in a picture.

    Attributes:
        name: What it is called on the command line and in a take's header.
        every: Frames from one search to the next that suit what a search costs.
    """

    name: str
    every: int

    def detect(self, image: ImageArray) -> Detections:
        """Return the people in a BGR picture, shape `(H, W, 3)`; none is no error."""
        ...


class FullFrameDetector:
    """Takes the whole picture for one person: close-ups, and pictures cut to one."""

    name = "full-frame"
    every = 10

    def detect(self, image: ImageArray) -> Detections:
        height, width = image.shape[:2]
        return Detections(np.array([[0.0, 0.0, width, height]]), np.ones(1))


class TransformersDetector:
    """Any object detector of transformers that knows people, RT-DETR or D-FINE say.

    Args:
        model: Its folder, or its id on the Hugging Face hub.
        device: Where it runs. It keeps float32 there: half precision would place
            boxes on a grid of whole pixels, and it runs only now and then.
        allow_download: Whether the weights may be fetched.
        min_score: Fainter detections are left out.

    Raises:
        WeightsError: The weights are missing or broken, or it knows no people.
    """

    every = 10

    def __init__(
        self,
        model: str,
        device: Device,
        *,
        allow_download: bool = False,
        min_score: float = MIN_SCORE,
    ) -> None:
        limit_threads()
        folder = Path(resolve_weights(model, allow_download))
        self.name = model
        self._min_score = min_score
        self._device = device.torch_device
        self._processor, network = _load(folder)
        self._person_labels = _person_labels(network.config.id2label, folder)
        self._network = network.float().to(self._device).eval()

    def detect(self, image: ImageArray) -> Detections:
        """Return the people in a BGR picture, the surest first."""
        import torch

        rgb = np.ascontiguousarray(image[..., ::-1])
        with torch.inference_mode():
            inputs = self._processor(
                images=rgb, input_data_format="channels_last", return_tensors="pt"
            ).to(self._device)
            found = self._processor.post_process_object_detection(
                self._network(**inputs),
                threshold=self._min_score,
                target_sizes=[image.shape[:2]],
            )[0]
            scores, labels, boxes = (
                found[key].float().cpu().numpy()
                for key in ("scores", "labels", "boxes")
            )
        order = np.argsort(-scores, kind="stable")
        people = order[np.isin(labels[order], self._person_labels)]
        return Detections(boxes[people], scores[people])


def make_detector(
    name: str, device: Device, allow_download: bool = False
) -> PersonDetector:
    """Return the detector called `name`.

    Args:
        name: `built-in`, `hog`, `full-frame`, a folder or hub id of an object
            detector, or `auto`: RT-DETR on a GPU, D-FINE nano on a CPU; where their
            weights are absent and may not be fetched, the first of `built-in`, `hog`
            and `full-frame` that can be had.
        device: Where a network runs.
        allow_download: Whether weights may be fetched.

    Raises:
        WeightsError: The named detector cannot be had.
    """
    match name.strip().lower():
        case "built-in":
            return _built_in(device)
        case "hog":
            return HogDetector()
        case "full-frame":
            return FullFrameDetector()
        case "auto":
            return _best_available(device, allow_download)
        case _:
            return TransformersDetector(
                name.strip(), device, allow_download=allow_download
            )


def _best_available(device: Device, allow_download: bool) -> PersonDetector:
    model = CPU_MODEL if device.torch_device == "cpu" else GPU_MODEL
    try:
        return TransformersDetector(model, device, allow_download=allow_download)
    except WeightsError as error:
        reason = error
    try:
        found = _built_in(device)
    except WeightsError:
        log.warning("people are found by OpenCV's HOG, which is rough: %s", reason)
    else:
        log.info("people are found by the built-in model: %s", reason)
        return found
    try:
        return HogDetector()
    except WeightsError as error:
        log.warning("one person is looked for in the whole picture: %s", error)
        return FullFrameDetector()


def _built_in(device: Device) -> PoseDetector:
    """Return the detector that looks with the ViTPose that comes with the project."""
    return PoseDetector(ViTPose.load(BUILT_IN_MODEL, device))


def _load(folder: Path) -> tuple[Any, Any]:
    """Return the image processor and the network in a folder.

    Without torchvision, transformers takes its own processor on PIL by itself.
    """
    from transformers import AutoImageProcessor, AutoModelForObjectDetection

    image_processor: Any = AutoImageProcessor
    detection_model: Any = AutoModelForObjectDetection
    with readable(folder), progress_hidden():
        processor = image_processor.from_pretrained(folder, local_files_only=True)
        network, info = detection_model.from_pretrained(
            folder, local_files_only=True, output_loading_info=True
        )
    refuse_missing(info, folder)
    return processor, network


def _person_labels(id2label: dict[int, str], folder: Path) -> list[int]:
    rows = [row for row, name in id2label.items() if name.lower() in _PERSON_LABELS]
    if not rows:
        some = ", ".join(sorted(id2label.values())[:5])
        raise WeightsError(
            f"The detector in {folder} knows no people, only {some} and the like; "
            f"choose one that has the label 'person', such as {CPU_MODEL}"
        )
    return rows
