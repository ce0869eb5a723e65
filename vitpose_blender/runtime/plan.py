# SPDX-License-Identifier: GPL-3.0-or-later
"""What to install on this machine: versions that agree with Blender's own numpy."""

import ctypes
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .packages import Need, parse_version

Accelerator = Literal["cuda", "rocm", "mps", "cpu"]

# PyTorch's own indexes, for builds that the Python package index has not got. A later
# name wins where several hold the version.
_TORCH_INDEX = "https://download.pytorch.org/whl/"
_TORCH_BUILDS: dict[tuple[Accelerator, str], tuple[str, ...]] = {
    ("cpu", "linux"): ("cpu",),  # The index's own build for Linux brings all of CUDA.
    ("cuda", "win32"): ("cu128", "cu130"),
    ("rocm", "linux"): ("rocm6.4", "rocm7.0"),
}
# What is fetched, and what that is on the disk in the end; roughly [MB].
_SIZES: dict[Accelerator, tuple[int, int]] = {
    "cpu": (350, 1400),
    "mps": (250, 1000),
    "cuda": (3200, 7500),
    "rocm": (4500, 14000),
}


@dataclass(frozen=True)
class Host:
    """The Python that an environment is made for.

    Attributes:
        python: The interpreter that makes it.
        version: Its version, such as `3.11`.
        numpy: The version of numpy in Blender; empty where there is none.
        system: As `sys.platform` spells it.
    """

    python: Path
    version: str
    numpy: str = ""
    system: str = sys.platform


@dataclass(frozen=True)
class Plan:
    """What pip is asked for.

    Attributes:
        requirements: Names with versions.
        indexes: Addresses of indexes beside the usual one.
        download: Size of what is fetched, roughly [bytes].
        disk: Room that it needs meanwhile, roughly [bytes].
    """

    requirements: tuple[str, ...]
    indexes: tuple[str, ...]
    download: int
    disk: int


def find_accelerator(system: str = sys.platform) -> Accelerator:
    """Return what torch could run on here, found out without torch."""
    if system == "darwin":
        import platform

        return "mps" if platform.machine() == "arm64" else "cpu"
    if _has_nvidia(system):
        return "cuda"
    if system == "linux" and Path("/dev/kfd").exists():
        return "rocm"
    return "cpu"


def _has_nvidia(system: str) -> bool:
    """Whether NVIDIA's driver is loaded: its library finds a card."""
    name = "nvcuda.dll" if system == "win32" else "libcuda.so.1"
    try:
        cuda = ctypes.CDLL(name)
    except OSError:
        return False
    count = ctypes.c_int(0)
    is_up = cuda.cuInit(0) == 0
    return is_up and cuda.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0


def make_plan(host: Host, accelerator: Accelerator, needs: Iterable[Need]) -> Plan:
    """Return what brings the needs to an environment.

    Blender's numpy also runs these packages where the engine is a thread of Blender,
    so they are chosen to agree with it; numpy in Blender stays what it is.

    Args:
        host: What the environment is made for.
        accelerator: What torch shall run on.
        needs: What is lacking.
    """
    versions = _versions(host.numpy)
    wanted = [need.distribution for need in needs]
    download, disk = _SIZES[accelerator] if "torch" in wanted else (150, 600)
    builds = _TORCH_BUILDS.get((accelerator, host.system), ())
    return Plan(
        requirements=tuple(name + versions[name] for name in wanted),
        indexes=tuple(_TORCH_INDEX + build for build in builds),
        download=download * 1_000_000,
        disk=(download + disk) * 1_000_000,
    )


def _versions(numpy: str) -> dict[str, str]:
    """Return which versions are taken, beside a given numpy in Blender."""
    is_old = parse_version(numpy)[:1] == (1,)
    return {
        "numpy": ">=1.26,<2" if is_old else ">=2.1,<3",
        # The newest that accepts numpy 1; later ones demand numpy 2.
        "opencv-python-headless": "==4.11.0.86" if is_old else ">=4.12,<6",
        "pillow": ">=11,<14",
        "safetensors": ">=0.5,<1",
        "torch": "==2.13.0",
        "huggingface_hub": ">=1,<3",
        "transformers": ">=5.20,<6",
    }
