# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes one ViTPose differ from another, and which tensors are in its file."""

from dataclasses import dataclass


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
