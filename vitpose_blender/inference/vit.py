# SPDX-License-Identifier: GPL-3.0-or-later
"""ViTPose itself: a plain vision transformer with one of two decoders.

The same numbers as transformers' `VitPoseForPoseEstimation`, which takes three seconds
longer to import than torch does. torch is imported where it is used, never before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    Tensors = Mapping[str, torch.Tensor]

_PADDING = 2  # Around a crop, before it is cut into patches [px].


@dataclass(frozen=True)
class VitShape:
    """What makes one ViTPose differ from another.

    Attributes:
        image_hw: Height and width of a crop [px].
        patch_hw: Of a patch [px].
        hidden: Numbers a token.
        layers: How many there are.
        heads: Of the attention.
        mlp_ratio: Width of the middle of a layer, in `hidden`.
        eps: Of the layers' normalisation.
        num_experts: Whose answers a ViTPose++ can give; 1 has no choice.
        expert_features: How many of `hidden` are an expert's own.
        num_labels: Keypoints.
        is_simple: Whether the decoder is the one without deconvolutions.
        scale: By which the simple decoder enlarges.
    """

    image_hw: tuple[int, int] = (256, 192)
    patch_hw: tuple[int, int] = (16, 16)
    hidden: int = 768
    layers: int = 12
    heads: int = 12
    mlp_ratio: int = 4
    eps: float = 1e-12
    num_experts: int = 1
    expert_features: int = 256
    num_labels: int = 17
    is_simple: bool = True
    scale: int = 4

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return tuple(  # type: ignore[return-value]
            image // patch for image, patch in zip(self.image_hw, self.patch_hw)
        )

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every tensor in the model's file, by its name there."""
        rows, columns = self.grid
        backbone = "backbone.embeddings."
        found: dict[str, tuple[int, ...]] = {
            f"{backbone}position_embeddings": (1, rows * columns + 1, self.hidden),
            **_pair(
                f"{backbone}patch_embeddings.projection",
                (self.hidden, 3, *self.patch_hw),
            ),
            **_pair("backbone.layernorm", (self.hidden,)),
        }
        for layer in range(self.layers):
            found |= self._layer_tensors(f"backbone.encoder.layer.{layer}.")
        return found | self._head_tensors()

    def _layer_tensors(self, layer: str) -> dict[str, tuple[int, ...]]:
        wide = self.hidden * self.mlp_ratio
        own = self.expert_features if self.num_experts > 1 else 0
        found: dict[str, tuple[int, ...]] = {}
        for name in ("query", "key", "value"):
            found |= _pair(
                f"{layer}attention.attention.{name}", (self.hidden, self.hidden)
            )
        found |= _pair(f"{layer}attention.output.dense", (self.hidden, self.hidden))
        for name in ("layernorm_before", "layernorm_after"):
            found |= _pair(layer + name, (self.hidden,))
        found |= _pair(f"{layer}mlp.fc1", (wide, self.hidden))
        found |= _pair(f"{layer}mlp.fc2", (self.hidden - own, wide))
        if own:
            for expert in range(self.num_experts):
                found |= _pair(f"{layer}mlp.experts.{expert}", (own, wide))
        return found

    def _head_tensors(self) -> dict[str, tuple[int, ...]]:
        if self.is_simple:
            return _pair("head.conv", (self.num_labels, self.hidden, 3, 3))
        found: dict[str, tuple[int, ...]] = _pair(
            "head.conv", (self.num_labels, 256, 1, 1)
        )
        for number, width in ((1, self.hidden), (2, 256)):
            found[f"head.deconv{number}.weight"] = (width, 256, 4, 4)
            found |= _pair(f"head.batchnorm{number}", (256,))
            for name in ("running_mean", "running_var"):
                found[f"head.batchnorm{number}.{name}"] = (256,)
        return found


def _pair(name: str, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a weight and its bias, which is one number a row."""
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


class Vit:
    """A ViTPose with its weights on a device.

    A shorter number format is used where that costs no accuracy. bfloat16 has 8
    significant bits: it is kept to the matrix products, where the time goes, which
    more than halves the error of the heatmaps at the same speed. The last convolution
    is always in full precision: neighbouring cells of a peak would tie, and the summit
    could not be told within its cell.

    Args:
        shape: Of the model.
        tensors: Its weights, float32; those of `shape.tensors()`.
        device: Where it runs.
        dtype: Of the matrix products.
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
        import torch

        self.shape = shape
        bfloat16 = dtype == torch.bfloat16
        self.input_dtype = torch.float32 if bfloat16 else dtype
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
        self._head = self._laid_out(tensors)

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
        # Laid out channels-last as it is, which halves the decoder's time on a CPU.
        rows, columns = self.shape.grid
        picture = tokens.reshape(len(pixels), rows, columns, -1).permute(0, 3, 1, 2)
        return self._simple(picture) if self.shape.is_simple else self._classic(picture)

    def _simple(self, picture: "torch.Tensor") -> "torch.Tensor":
        from torch.nn.functional import conv2d, interpolate, relu

        large = interpolate(
            relu(picture), scale_factor=self.shape.scale, mode="bilinear"
        )
        weight, bias = self._head["conv"]
        return conv2d(large.float(), weight, bias, padding=1)

    def _classic(self, picture: "torch.Tensor") -> "torch.Tensor":
        from torch.nn.functional import batch_norm, conv2d, conv_transpose2d, relu

        for number in (1, 2):
            (weight,) = self._head[f"deconv{number}"]
            picture = conv_transpose2d(picture, weight, stride=2, padding=1)
            mean, variance, gain, bias = self._head[f"batchnorm{number}"]
            picture = relu(batch_norm(picture, mean, variance, gain, bias))
        weight, bias = self._head["conv"]
        return conv2d(picture.float(), weight, bias)

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

    def _laid_out(self, tensors: "Tensors") -> dict[str, tuple["torch.Tensor", ...]]:
        """Return the decoder's weights, channels-last."""
        import torch

        weight, bias = self._two(tensors, "head.conv", torch.float32)
        layout = {"memory_format": torch.channels_last}
        head: dict[str, tuple[torch.Tensor, ...]] = {
            "conv": (weight.contiguous(**layout), bias)
        }
        for number in () if self.shape.is_simple else (1, 2):
            deconv = self._put(tensors[f"head.deconv{number}.weight"])
            head[f"deconv{number}"] = (deconv.contiguous(**layout),)
            norm = ("running_mean", "running_var", "weight", "bias")
            head[f"batchnorm{number}"] = tuple(
                self._put(tensors[f"head.batchnorm{number}.{part}"]) for part in norm
            )
        return head


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
        tokens = tokens + linear(self._mixed(normed.to(dtype)), *self.output)
        normed = layer_norm(tokens, hidden, *self.norm_after, self.shape.eps)
        wide = gelu(linear(normed.to(dtype), *self.mlp[0]))
        return tokens + linear(wide, *self.mlp[1])

    def _mixed(self, normed: "torch.Tensor") -> "torch.Tensor":
        from torch.nn.functional import linear, scaled_dot_product_attention

        num, length, hidden = normed.shape
        heads = self.shape.heads
        parts = linear(normed, *self.attention)
        query, key, value = parts.view(num, length, 3, heads, hidden // heads).permute(
            2, 0, 3, 1, 4
        )
        mixed = scaled_dot_product_attention(query, key, value)
        return mixed.transpose(1, 2).reshape(num, length, hidden)
