# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for vit_decoders.py: the quick order of steps gives the plain order's maps."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn.functional import conv2d, interpolate, relu  # noqa: E402

from vitpose_blender.inference.vit_decoders import SimpleDecoder  # noqa: E402
from vitpose_blender.inference.vit_shape import VitShape  # noqa: E402


def put(tensor, dtype=None):
    return tensor.to(dtype or tensor.dtype)


def weights(shape):
    torch.manual_seed(4)
    size = (shape.num_labels, shape.hidden, 3, 3)
    return {
        "head.conv.weight": torch.randn(size),
        "head.conv.bias": torch.randn(shape.num_labels),
    }


def plainly(shape, tensors, tokens):
    """Enlarge first, then convolve, as ViTPose's simple decoder is described."""
    picture = tokens.view(len(tokens), *shape.grid, -1).permute(0, 3, 1, 2)
    large = interpolate(relu(picture), scale_factor=shape.scale, mode="bilinear")
    weight, bias = tensors["head.conv.weight"], tensors["head.conv.bias"]
    return conv2d(large, weight, bias, padding=1)


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("num_people", [1, 3])
@pytest.mark.parametrize("image_hw", [(256, 192), (48, 80), (16, 16)])
def test_heatmaps_are_those_of_enlarging_first(image_hw, num_people, scale):
    shape = VitShape(image_hw, hidden=24, num_labels=5, scale=scale)
    tensors = weights(shape)
    rows, columns = shape.grid
    tokens = torch.randn(num_people, rows * columns, shape.hidden)

    maps = SimpleDecoder(shape, tensors, put)(tokens)

    expected = plainly(shape, tensors, tokens)
    assert maps.shape == (num_people, 5, scale * rows, scale * columns)
    torch.testing.assert_close(maps, expected, rtol=0, atol=1e-4)


def test_tokens_in_half_precision_give_maps_in_full():
    shape = VitShape((64, 48), hidden=24, num_labels=5)
    tensors, tokens = weights(shape), torch.randn(2, 12, 24)

    maps = SimpleDecoder(shape, tensors, put)(tokens.half())

    assert maps.dtype == torch.float32
    expected = plainly(shape, tensors, tokens.half().float())
    torch.testing.assert_close(maps, expected, rtol=0, atol=1e-4)


def test_a_single_pixel_reaches_its_surroundings_alone():
    shape = VitShape((256, 192), hidden=8, num_labels=2)
    tokens = torch.zeros(1, 16 * 12, shape.hidden)
    maps = SimpleDecoder(shape, weights(shape), put)
    nothing = maps(tokens)
    tokens[0, 12 * 8 + 6] = 1.0  # Row 8, column 6 of the grid.
    changed = (maps(tokens) - nothing)[0].abs().amax(dim=0) > 1e-6
    rows, columns = torch.nonzero(changed, as_tuple=True)
    # Its own 4 x 4 pixels, 2 more for enlarging and 1 for the convolution.
    assert (rows.min(), rows.max()) == (32 - 3, 35 + 3)
    assert (columns.min(), columns.max()) == (24 - 3, 27 + 3)
