# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenCV's built-in people detector: rough, but it needs no weights."""

import cv2
import numpy as np

from ..core.errors import WeightsError
from ..core.types import Detections, FloatArray, ImageArray

# The detector knows people 96 px tall in a window of 64 x 128 px. In a picture of this
# height it finds whoever takes 30 % or more of the height, which suits capture.
WORK_HEIGHT = 320
# A border lets the window reach beyond people who fill the picture.
BORDER = 0.2  # Of the height above and below, half of that at the sides.
WINDOW_WH = (64, 128)
STRIDE = (8, 8)
PYRAMID_STEP = 1.05
MIN_NEIGHBOURS = 2
MAX_OVERLAP = 0.45

# The part of its window that the person takes: left, top, right, bottom.
_PERSON_IN_WINDOW = np.array([0.12, 0.11, 0.88, 0.91])


class HogDetector:
    """Histograms of oriented gradients and a linear SVM (Dalal and Triggs, 2005).

    It finds upright people seen whole; not those who sit, lie or stretch. Its boxes
    have one shape, so arms held out lie beyond them: refine them by the keypoints.

    Raises:
        WeightsError: This OpenCV was built without the detector.
    """

    name = "hog"
    every = 10

    def __init__(self) -> None:
        if not hasattr(cv2, "HOGDescriptor"):
            raise WeightsError(
                f"OpenCV {cv2.__version__} comes without the HOG people detector; "
                "choose another detector, such as full-frame, or install OpenCV 4"
            )
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector()))

    def detect(self, image: ImageArray) -> Detections:
        """Return the people in a BGR picture, the surest first."""
        padded, scale, border_xy = _work_picture(image)
        xywh, margins = self._hog.detectMultiScale(
            padded,
            winStride=STRIDE,
            padding=(0, 0),
            scale=PYRAMID_STEP,
            groupThreshold=MIN_NEIGHBOURS,
        )
        windows = np.array(xywh, dtype=np.float64).reshape(-1, 4)
        margin = np.array(margins, dtype=np.float64).reshape(-1)
        score = np.asarray(1 - np.exp(-margin), dtype=np.float64)
        xyxy = (_people_in(windows) - border_xy) / scale
        keep = _strongest(xyxy, score)
        return Detections(xyxy[keep], score[keep])


def _work_picture(image: ImageArray) -> tuple[ImageArray, float, FloatArray]:
    """Return the picture at working height with a border, its scale and the border."""
    height, width = image.shape[:2]
    scale = WORK_HEIGHT / height
    work_wh = (max(round(width * scale), 1), WORK_HEIGHT)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, work_wh, interpolation=method)
    vertical = round(BORDER * WORK_HEIGHT)
    # A picture narrower than the window would make OpenCV fail.
    horizontal = max(vertical // 2, (WINDOW_WH[0] - work_wh[0] + 1) // 2)
    padded = cv2.copyMakeBorder(
        small, vertical, vertical, horizontal, horizontal, cv2.BORDER_REPLICATE
    )
    border_xy = np.array([horizontal, vertical] * 2, dtype=np.float64)
    return np.asarray(padded, dtype=np.uint8), scale, border_xy


def _people_in(windows_xywh: FloatArray) -> FloatArray:
    """Return the boxes of the people in detection windows, which have margins."""
    xy, wh = windows_xywh[:, :2], windows_xywh[:, 2:]
    corners: FloatArray = np.tile(xy, 2) + np.tile(wh, 2) * _PERSON_IN_WINDOW
    return corners


def _strongest(xyxy: FloatArray, score: FloatArray) -> list[int]:
    """Return the rows of the boxes that no stronger one overlaps, best first."""
    xywh = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(xywh.tolist(), score.tolist(), 0.0, MAX_OVERLAP)
    return [int(row) for row in np.array(kept, dtype=np.int64).reshape(-1)]
