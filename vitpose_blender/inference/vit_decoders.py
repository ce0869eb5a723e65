# SPDX-License-Identifier: GPL-3.0-or-later
"""ViTPose's two decoders: from tokens to heatmaps.

torch is imported where it is used, never before.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .vit_shape import VitShape

if TYPE_CHECKING:
    import torch

    Tensors = Mapping[str, torch.Tensor]
    Put = Callable[..., torch.Tensor]  # Brings a tensor to the device.

_TAPS = 3  # Of the simple decoder's convolution, each way.


class SimpleDecoder:
    """Enlarges the picture that the tokens are, and convolves it.

    Both are linear: enlarging treats every channel alike, and a convolution's weights
    every pixel. So the weights go first, where there are 16 times fewer pixels, and
    what they give is enlarged and shifted to its place by one product along each axis.
    The numbers are the same, and a tenth of the time is enough on a CPU.

    All is in full precision: neighbouring cells of a peak would tie in bfloat16, and
    the summit could not be told within its cell.

    Args:
        shape: Of the model.
        tensors: Its weights, float32.
        put: Brings a tensor to the device.
    """

    def __init__(self, shape: VitShape, tensors: "Tensors", put: "Put") -> None:
        import torch

        self._shape = shape
        weight = tensors["head.conv.weight"].permute(0, 2, 3, 1).flatten(0, 2)
        self._weight = put(weight.contiguous(), torch.float32)
        self._bias = put(tensors["head.conv.bias"].view(-1, 1, 1), torch.float32)
        down, across = (_enlarging(length, shape.scale) for length in shape.grid)
        self._down = put(down.permute(1, 0, 2).flatten(1), torch.float32)
        self._across = put(across.permute(2, 0, 1).flatten(0, 1), torch.float32)

    def __call__(self, tokens: "torch.Tensor") -> "torch.Tensor":
        """Return heatmaps, shape `(N, K, rows, columns)`.

        Args:
            tokens: Shape `(N, T, hidden)`.
        """
        from torch.nn.functional import linear, relu

        taps = linear(relu(tokens).float(), self._weight)
        taps = taps.view(len(tokens), *self._shape.grid, -1, _TAPS, _TAPS)
        # A row's pixels and taps together, then the rows with theirs.
        taps = taps.permute(0, 3, 4, 1, 2, 5).flatten(-2)
        wide = (taps @ self._across).flatten(2, 3)
        return self._down @ wide + self._bias


class ClassicDecoder:
    """Enlarges by two transposed convolutions; the arguments are `SimpleDecoder`'s."""

    def __init__(self, shape: VitShape, tensors: "Tensors", put: "Put") -> None:
        import torch

        self._shape = shape
        layout = {"memory_format": torch.channels_last}
        weight = put(tensors["head.conv.weight"], torch.float32)
        self._weight = weight.contiguous(**layout)
        self._bias = put(tensors["head.conv.bias"], torch.float32)
        self._steps = []
        for number in (1, 2):
            deconv = put(tensors[f"head.deconv{number}.weight"]).contiguous(**layout)
            norm = ("running_mean", "running_var", "weight", "bias")
            names = [f"head.batchnorm{number}.{part}" for part in norm]
            self._steps.append((deconv, [put(tensors[name]) for name in names]))

    def __call__(self, tokens: "torch.Tensor") -> "torch.Tensor":
        """Return heatmaps, shape `(N, K, rows, columns)`; see `SimpleDecoder`."""
        from torch.nn.functional import batch_norm, conv2d, conv_transpose2d, relu

        # Laid out channels-last as it is, which halves the time on a CPU.
        picture = tokens.view(len(tokens), *self._shape.grid, -1).permute(0, 3, 1, 2)
        for deconv, (mean, variance, gain, bias) in self._steps:
            picture = conv_transpose2d(picture, deconv, stride=2, padding=1)
            picture = relu(batch_norm(picture, mean, variance, gain, bias))
        return conv2d(picture.float(), self._weight, self._bias)


def _enlarging(length: int, scale: int) -> "torch.Tensor":
    """Return what enlarges a line of pixels and shifts it to each tap's place.

    Args:
        length: Of the line [px].
        scale: By which it grows, bilinearly.

    Returns:
        Matrices that give a line of `scale * length` pixels, for each tap the pixel
        before, at and after each of them, and 0 beyond the ends; shape
        `(3, scale * length, length)`.
    """
    import torch
    from torch.nn.functional import interpolate, pad

    ones = torch.eye(length)[None]
    grown = interpolate(ones, scale_factor=scale, mode="linear")[0].T
    beyond = pad(grown, (0, 0, _TAPS // 2, _TAPS // 2))
    return torch.stack([beyond[tap : tap + len(grown)] for tap in range(_TAPS)])
