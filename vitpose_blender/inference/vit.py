# SPDX-License-Identifier: GPL-3.0-or-later
"""ViTPose itself: a plain vision transformer with one of two decoders.

The same numbers as transformers' `VitPoseForPoseEstimation`, which takes three seconds
longer to import than torch does. torch is imported where it is used, never before.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .device import exact_dtype
from .vit_decoders import ClassicDecoder, SimpleDecoder
from .vit_shape import VitShape

if TYPE_CHECKING:
    import torch

    from .vit_decoders import Tensors

_PADDING = 2  # Around a crop, before it is cut into patches [px].


class Vit:
    """A ViTPose with its weights on a device.

    A shorter number format is used where that costs no accuracy: float16 in all layers.
    bfloat16 has 8 significant bits: it is kept to the layers' products with weights,
    where the time goes, which more than halves the error of the heatmaps. Attention in
    float32 takes no longer on a CPU, and 20 times less with Debian's torch 2.6.

    Args:
        shape: Of the model.
        tensors: Its weights, float32; those of `shape.tensors()`.
        device: Where it runs.
        dtype: Of the layers' products with weights; float16 is all layers'.
        expert: Whose answer to give, of a ViTPose++; 0 is COCO's.
    """

    def __init__(
        self,
        shape: VitShape,
        tensors: "Tensors",
        device: "torch.device",
        dtype: "torch.dtype",
        expert: int = 0,
    ) -> None:
        self.shape = shape
        self.input_dtype = exact_dtype(dtype)
        self._product_dtype = dtype
        self._device = device
        embeddings = "backbone.embeddings."
        position = tensors[f"{embeddings}position_embeddings"]
        self._position = self._put(position[:, 1:] + position[:, :1])
        self._patches = self._two(tensors, f"{embeddings}patch_embeddings.projection")
        self._layers = [
            self._layer(tensors, f"backbone.encoder.layer.{layer}.", expert)
            for layer in range(shape.layers)
        ]
        self._norm = self._two(tensors, "backbone.layernorm")
        decoder = SimpleDecoder if shape.is_simple else ClassicDecoder
        self._decoder = decoder(shape, tensors, self._put)

    def __call__(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Return heatmaps, shape `(N, K, rows, columns)`.

        Args:
            pixels: Normalised crops of `input_dtype`, shape `(N, 3, height, width)`.
        """
        from torch.nn.functional import conv2d, layer_norm

        patch_hw, hidden = self.shape.patch_hw, (self.shape.hidden,)
        patches = conv2d(pixels, *self._patches, stride=patch_hw, padding=_PADDING)
        tokens = patches.flatten(2).transpose(1, 2) + self._position
        for layer in self._layers:
            tokens = layer(tokens)
        tokens = layer_norm(tokens, hidden, *self._norm, self.shape.eps)
        return self._decoder(tokens)

    def _put(self, tensor: "torch.Tensor", dtype: Any = None) -> "torch.Tensor":
        return tensor.to(self._device, dtype or self.input_dtype)

    def _two(
        self, tensors: "Tensors", name: str, dtype: Any = None
    ) -> tuple["torch.Tensor", "torch.Tensor"]:
        weight, bias = (
            self._put(tensors[f"{name}.{each}"], dtype) for each in ("weight", "bias")
        )
        return weight, bias

    def _layer(self, tensors: "Tensors", name: str, expert: int) -> "_Layer":
        """Return a layer; of a ViTPose++ with one expert's rows in its second matrix.

        transformers computes every expert and multiplies all but one by zero.
        """
        import torch

        def stacked(*parts: str) -> tuple["torch.Tensor", "torch.Tensor"]:
            found = [self._two(tensors, name + p, self._product_dtype) for p in parts]
            weights, biases = zip(*found)
            return torch.cat(weights), torch.cat(biases)

        has_experts = self.shape.num_experts > 1
        second = ["mlp.fc2", *([f"mlp.experts.{expert}"] if has_experts else [])]
        attention = [f"attention.attention.{p}" for p in ("query", "key", "value")]
        return _Layer(
            self.shape,
            self._two(tensors, f"{name}layernorm_before"),
            stacked(*attention),
            stacked("attention.output.dense"),
            self._two(tensors, f"{name}layernorm_after"),
            (stacked("mlp.fc1"), stacked(*second)),
        )


@dataclass(frozen=True, eq=False)
class _Layer:
    """One layer; each pair is a weight and a bias."""

    shape: VitShape
    norm_before: tuple["torch.Tensor", "torch.Tensor"]
    attention: tuple["torch.Tensor", "torch.Tensor"]
    output: tuple["torch.Tensor", "torch.Tensor"]
    norm_after: tuple["torch.Tensor", "torch.Tensor"]
    mlp: tuple[
        tuple["torch.Tensor", "torch.Tensor"], tuple["torch.Tensor", "torch.Tensor"]
    ]

    def __call__(self, tokens: "torch.Tensor") -> "torch.Tensor":
        """Return the tokens after this layer, shape `(N, T, hidden)`."""
        from torch.nn.functional import gelu, layer_norm, linear

        hidden, dtype = (self.shape.hidden,), self.output[0].dtype
        normed = layer_norm(tokens, hidden, *self.norm_before, self.shape.eps)
        tokens = tokens + linear(self._mixed(normed).to(dtype), *self.output)
        normed = layer_norm(tokens, hidden, *self.norm_after, self.shape.eps)
        wide = gelu(linear(normed.to(dtype), *self.mlp[0]))
        return tokens + linear(wide, *self.mlp[1])

    def _mixed(self, normed: "torch.Tensor") -> "torch.Tensor":
        from torch.nn.functional import linear, scaled_dot_product_attention

        num, length, hidden = normed.shape
        heads, dtype = self.shape.heads, self.attention[0].dtype
        parts = linear(normed.to(dtype), *self.attention).to(normed.dtype)
        query, key, value = parts.view(num, length, 3, heads, hidden // heads).permute(
            2, 0, 3, 1, 4
        )
        mixed = scaled_dot_product_attention(query, key, value)
        return mixed.transpose(1, 2).reshape(num, length, hidden)
