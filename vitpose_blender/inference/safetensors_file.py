# SPDX-License-Identifier: GPL-3.0-or-later
"""The safetensors format, read by numpy alone: no package need be installed for it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]

_TYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}
_COUNTS = {"I64", "I32", "U8", "BOOL"}  # Such as how many batches were seen.


def read_safetensors(path: Path) -> tuple[dict[str, Float32Array], dict[str, str]]:
    """Return the tensors of a file that hold measures, as float32, and its metadata.

    The format is 8 bytes with the length of a JSON header, the header, the data.

    Raises:
        OSError, KeyError, ValueError: It cannot be read or is not of this format.
    """
    content = np.memmap(path, np.uint8, "r")
    start = 8 + int.from_bytes(content[:8].tobytes(), "little")
    header = json.loads(content[8:start].tobytes())
    metadata = header.pop("__metadata__", {})
    tensors = {
        name: _tensor(content[start:], entry)
        for name, entry in header.items()
        if entry["dtype"] not in _COUNTS
    }
    return tensors, metadata


def _tensor(data: npt.NDArray[np.uint8], entry: dict[str, Any]) -> Float32Array:
    begin, end = entry["data_offsets"]
    kind = str(entry["dtype"])
    flat = data[begin:end].view(_TYPES[kind])
    if kind == "BF16":  # The upper half of a float32.
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    shape: tuple[int, ...] = tuple(entry["shape"])
    return np.array(flat.reshape(shape), dtype=np.float32)
