# SPDX-License-Identifier: GPL-3.0-or-later
"""Which device and number format a network runs on, found out by probing."""

import logging
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ..core.errors import VitposeError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

_MIN_GAIN = 1.2  # How much faster a shorter number format must be to be worth it.
_PROBE_RUNS = 6
_MAX_THREADS = 16  # More gain nothing on crops of people and starve the host.


@dataclass(frozen=True, slots=True)
class Device:
    """Where a network runs.

    Attributes:
        torch_device: As torch spells it: `cpu`, `cuda`, `cuda:1`, `mps`.
        dtype: Name of torch's number format: `float32`, `float16`, `bfloat16`.
    """

    torch_device: str
    dtype: str

    def describe(self) -> str:
        """Return a text for people, such as `cpu (bfloat16)`."""
        return f"{self.torch_device} ({self.dtype})"


def choose_device(requested: str = "auto") -> Device:
    """Return the device to use and its fastest trustworthy number format.

    Args:
        requested: `auto` takes a GPU if there is one; else `cpu`, `cuda`, `cuda:1`
            or `mps`.

    Raises:
        VitposeError: The requested device is not on this machine.
    """
    name = requested.strip().lower()
    available = available_devices()
    if name == "auto":
        name = available[0]
    elif name not in available:
        raise VitposeError(
            f"Device {requested!r} is not available; this machine has "
            f"{', '.join(available)}, and auto takes the first"
        )
    return Device(name, _fastest_dtype(name))


@cache
def available_devices() -> tuple[str, ...]:
    """Return torch's names of the devices that work here, the fastest kind first."""
    import torch

    names: list[str] = []
    if torch.cuda.is_available():
        names.append("cuda")
        names += [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return (*(name for name in names if _computes(name)), "cpu")


def exact_dtype(dtype: "torch.dtype") -> "torch.dtype":
    """Return the number format of what goes on beside products with weights.

    bfloat16 has too few significant bits for anything else; see `vit.Vit`.
    """
    import torch

    return torch.float32 if dtype == torch.bfloat16 else dtype


def limit_threads(spare: int = 0) -> None:
    """Keep torch from starting more threads than this process may use.

    torch counts the machine's cores, not those that a container or a batch queue
    grants. It already obeys OMP_NUM_THREADS.

    Args:
        spare: Cores to leave to others, to a window that must stay smooth. Threads of
            torch wait for each other, so one that shares its core delays all.
    """
    import os

    import torch

    if "OMP_NUM_THREADS" in os.environ:
        return
    granted = getattr(os, "sched_getaffinity", None)  # Only Linux has it.
    num_cores = len(granted(0)) if granted else os.cpu_count() or 1
    num_cores = max(num_cores - spare, 1)
    num_threads = min(torch.get_num_threads(), num_cores, _MAX_THREADS)
    if num_threads < torch.get_num_threads():
        torch.set_num_threads(num_threads)


def _computes(name: str) -> bool:
    """Whether a device that torch lists also runs: drivers can be too old for it."""
    import torch

    try:
        return bool((torch.ones(2, device=name) * 2).sum().item() == 4)
    except RuntimeError as error:
        log.warning("device %s does not work: %s", name, error)
        return False


@cache
def _fastest_dtype(name: str) -> str:
    import torch

    if name.startswith("cuda"):
        return "float16"
    if name == "cpu" and not _cpu_has_bfloat16():
        return "float32"
    shorter = torch.float16 if name == "mps" else torch.bfloat16
    # In turn, so that a busy machine slows both alike.
    full_time = short_time = float("inf")
    for _ in range(_PROBE_RUNS):
        full_time = min(full_time, _probe(name, torch.float32))
        short_time = min(short_time, _probe(name, shorter))
    log.debug("probe on %s: %.2g s full, %.2g s short", name, full_time, short_time)
    worth = short_time * _MIN_GAIN < full_time
    return str(shorter if worth else torch.float32).removeprefix("torch.")


def _cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 itself; emulated, it is a slow surprise."""
    import torch

    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is not None:
        return any("bf16" in name and has for name, has in capabilities().items())
    older = (
        getattr(torch.cpu, name, None)
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )
    return any(supported() for supported in older if supported is not None)


def _probe(name: str, dtype: "torch.dtype") -> float:
    """Return the time of one transformer layer's main work on a person's tokens [s].

    The shapes are ViTPose-S's; infinite where the result is not finite.
    """
    import torch
    from torch.nn.functional import gelu, linear, scaled_dot_product_attention

    with torch.inference_mode():
        tokens = torch.ones(192, 384, device=name, dtype=dtype)
        weight = torch.full((1536, 384), 1e-3, device=name, dtype=dtype)
        heads = torch.ones(1, 12, 192, 32, device=name, dtype=exact_dtype(dtype))
        start = time.perf_counter()
        hidden = gelu(linear(tokens, weight))
        mixed = scaled_dot_product_attention(heads, heads, heads)
        # Reading a value waits for a device that works in the background.
        is_finite = (hidden.sum() + mixed.sum()).isfinite().item()
        return time.perf_counter() - start if is_finite else float("inf")
