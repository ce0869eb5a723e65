# SPDX-License-Identifier: GPL-3.0-or-later
"""The lifter's network in torch, for training; the product runs it in numpy.

A small net reads every frame of the window; a wider one joins what they say, the frame
in question at full detail.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from vitpose_blender.core.layouts import CANONICAL

NUM_FRAME = 17 * 3 + 3  # Numbers that describe one frame.
NUM_VIEW = 3  # Numbers that describe the whole window.
NUM_JOINTS = len(CANONICAL)
NUM_FIRST = 3  # Layers before the blocks.
NUM_OUT = NUM_JOINTS * 4 + 4 + 1  # Joints, their spreads, contacts, distance.


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()
    )


class LifterNetwork(nn.Module):
    """Features of a window in, one pose out.

    Args:
        num_frames: Of a window.
        width: Of the trunk.
        num_blocks: Of the trunk.
        code: Numbers kept of each frame.
    """

    def __init__(
        self, num_frames: int, width: int = 512, num_blocks: int = 4, code: int = 96
    ) -> None:
        super().__init__()
        self.frame = nn.Sequential(_layer(NUM_FRAME, 256), _layer(256, code))
        self.join = _layer(num_frames * code + NUM_FRAME + NUM_VIEW, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(_layer(width, width), _layer(width, width))
            for _ in range(num_blocks)
        )
        self.out = nn.Linear(width, NUM_OUT)

    def forward(self, frames: Tensor, view: Tensor) -> Tensor:
        """Return what `split_output` takes apart, shape `(B, NUM_OUT)`.

        Args:
            frames: Shape `(B, W, NUM_FRAME)`.
            view: Shape `(B, NUM_VIEW)`.
        """
        size, num_frames = frames.shape[:2]
        codes = self.frame(frames.reshape(size * num_frames, -1)).reshape(size, -1)
        hidden = self.join(torch.cat([codes, frames[:, num_frames // 2], view], dim=1))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        result: Tensor = self.out(hidden)
        return result

    @property
    def layers(self) -> list[nn.Sequential]:
        """The layers that have a normalisation, in the order of their work."""
        return [*self.frame, self.join, *(x for b in self.blocks for x in b)]

    @torch.no_grad()
    def unfold(self, tensors: dict[str, Tensor], frames: Tensor, view: Tensor) -> None:
        """Take over the weights that `folded` made, of a network with fewer blocks.

        Normalisations are set so that nothing changes; blocks that the other network
        lacks start with nearly nothing to add.

        Args:
            tensors: As of `folded`.
            frames: To measure what layers give, shape `(B, W, NUM_FRAME)`.
            view: Shape `(B, NUM_VIEW)`.
        """
        num_known = sum(name.endswith(".weight") for name in tensors) - 1
        for i, layer in enumerate(self.layers):
            if i < num_known:
                layer[0].weight.copy_(tensors[f"layer{i}.weight"].T)
                layer.register_forward_pre_hook(
                    _keeper(tensors[f"layer{i}.bias"].float())
                )
            elif i % 2 == (NUM_FIRST + 1) % 2:
                nn.init.constant_(layer[1].weight, 0.02)
        self.out.weight.copy_(tensors["out.weight"].T)
        self.out.bias.copy_(tensors["out.bias"])
        self.eval()
        self(frames, view)
        self.train()
        for layer in self.layers:
            layer._forward_pre_hooks.clear()

    def folded(self) -> dict[str, Tensor]:
        """Return weights and biases of plain layers, normalisation folded in."""
        tensors = {}
        for i, layer in enumerate(self.layers):
            linear, norm = layer[0], layer[1]
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            tensors[f"layer{i}.weight"] = (
                linear.weight * scale[:, None]
            ).T.contiguous()
            tensors[f"layer{i}.bias"] = norm.bias - norm.running_mean * scale
        tensors["out.weight"] = self.out.weight.T.contiguous()
        tensors["out.bias"] = self.out.bias
        return {name: t.detach().clone() for name, t in tensors.items()}


def _keeper(bias: Tensor) -> Callable[[nn.Module, tuple[Tensor]], None]:
    """Return what makes a layer's normalisation add `bias` and change nothing else."""

    def keep(layer: nn.Module, inputs: tuple[Tensor]) -> None:
        linear, norm = layer[0], layer[1]
        values = linear(inputs[0])
        norm.running_mean.copy_(values.mean(dim=0))
        norm.running_var.copy_(values.var(dim=0))
        norm.weight.copy_(torch.sqrt(norm.running_var + norm.eps))
        norm.bias.copy_(norm.running_mean + bias)

    return keep


def features(points: Tensor, score: Tensor, elevation: Tensor) -> tuple[Tensor, Tensor]:
    """Return the network's inputs; the same numbers as `lift_features.features`.

    Args:
        points: On the plane z = 1, shape `(B, W, 17, 2)`.
        score: 0 where unseen, shape `(B, W, 17)`.
        elevation: How far the camera looks up, shape `(B,)` [rad].
    """
    seen = (score > 0).float()
    trunk = torch.zeros(17)
    trunk[[5, 6, 11, 12]] = 1
    has_trunk = (seen * trunk).sum(dim=-1, keepdim=True) > 0
    weight = torch.where(has_trunk, seen * trunk, seen)
    count = weight.sum(dim=-1, keepdim=True)
    middle = (points * weight[..., None]).sum(dim=2) / count.clamp(min=1)
    valid = (count > 0).float()
    about = (points - middle[:, :, None]) * seen[..., None]
    total = about.square().sum(dim=(1, 2, 3)) / seen.sum(dim=(1, 2)).clamp(min=1)
    size = total.sqrt().clamp(min=1e-3)
    now = middle[:, middle.shape[1] // 2, None]
    move = (middle - now) / size[:, None, None] * valid
    frames = torch.cat(
        [
            (about / size[:, None, None, None]).flatten(2),
            score,
            move.clamp(-5, 5),
            valid,
        ],
        dim=2,
    )
    view = torch.stack([size.log() + 2, elevation.sin(), elevation.cos()], dim=1)
    return frames, view


def split_output(out: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return joints `(B, 28, 3)`, log spreads, contact logits, log depth times size."""
    joints = out[:, : 3 * NUM_JOINTS].reshape(-1, NUM_JOINTS, 3)
    spread = out[:, 3 * NUM_JOINTS : 4 * NUM_JOINTS]
    return joints, spread, out[:, -5:-1], out[:, -1]
