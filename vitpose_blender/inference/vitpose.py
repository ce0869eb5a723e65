# SPDX-License-Identifier: GPL-3.0-or-later
"""ViTPose: the keypoints of the people in a frame, given their boxes."""

from pathlib import Path

import numpy as np

from ..core.layouts import Layout
from ..core.types import FloatArray, Frame, Keypoints2D
from .crop import crop_people, padded_regions, points_in_image
from .decode import decode_heatmaps
from .device import Device
from .labels import layout_of_labels
from .network import Network
from .weights import resolve_weights


class ViTPose:
    """Finds the keypoints of people in boxes.

    Attributes:
        name: The model's id on the hub, or the name of its folder.
        layout: What the keypoints are.
        input_wh: Width and height of the picture of a person it looks at [px].
    """

    def __init__(
        self, network: Network, name: str, layout: Layout, *, flip: bool = False
    ) -> None:
        self.name = name
        self.layout = layout
        self.input_wh = network.input_wh
        self._network = network
        self._mirrored_rows = _mirrored_rows(layout) if flip else None

    @classmethod
    def load(
        cls,
        model: str,
        device: Device,
        allow_download: bool = False,
        *,
        dataset_index: int = 0,
        flip: bool = False,
        layout: str = "",
    ) -> "ViTPose":
        """Load a ViTPose of any size, simple, classic or ViTPose++.

        Args:
            model: A folder, or an id on the hub such as `usyd-community/vitpose-base`.
            device: Where it runs; see `choose_device`.
            allow_download: Whether weights that are not on this machine are fetched.
            dataset_index: Which expert of a ViTPose++ answers; 0 is COCO.
            flip: Whether the mirrored person is looked at too and both answers
                averaged: steadier, at twice the time.
            layout: Id of the layout, for a model whose labels do not tell it.

        Raises:
            WeightsError: The files are missing, broken or no ViTPose.
            VitposeError: The labels are no known layout, or there is no such expert.
        """
        folder = resolve_weights(model, allow_download)
        network = Network.load(folder, device, dataset_index)
        name = folder.resolve().name if Path(model).expanduser().is_dir() else model
        found = layout_of_labels(network.labels, layout)
        return cls(network, name, found, flip=flip)

    def estimate(self, frame: Frame, xyxy: FloatArray) -> list[Keypoints2D]:
        """Find the keypoints of every person of a frame, in one batch.

        Args:
            frame: The picture.
            xyxy: Boxes of the people, shape `(N, 4)` [px].

        Returns:
            One result a box, in the same order. All keypoints of an unusable box
            (NaN, inside out, a point) are missing.
        """
        regions = padded_regions(xyxy, self.input_wh)
        if not len(regions):
            return []
        crops = crop_people(frame.image, regions, self.input_wh)
        heatmaps = self._network.heatmaps(crops, self._mirrored_rows)
        xy_heatmap, score = decode_heatmaps(heatmaps)
        height, width = heatmaps.shape[2:]
        xy = points_in_image(xy_heatmap, regions, (width, height))
        # A heatmap is a regression and may exceed 1 a little.
        return [
            Keypoints2D(xy_px, np.minimum(peak, 1.0), frame.t, self.layout.id)
            for xy_px, peak in zip(xy, score)
        ]


def _mirrored_rows(layout: Layout) -> list[int]:
    rows = list(range(len(layout)))
    for left, right in layout.flip_pairs:
        rows[left], rows[right] = right, left
    return rows
