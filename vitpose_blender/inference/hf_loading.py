# SPDX-License-Identifier: GPL-3.0-or-later
"""What every load through transformers needs: quiet, and one sentence when it fails."""

import pickle
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core.errors import WeightsError


@contextmanager
def progress_hidden() -> Iterator[None]:
    """Silence transformers' own progress bar, which would write into any log."""
    import transformers

    hf_logging: Any = transformers.utils.logging
    was_enabled = hf_logging.is_progress_bar_enabled()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_enabled:
            hf_logging.enable_progress_bar()


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Turn whatever damaged or foreign files raise into a WeightsError."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, _of_damaged_files()):
            raise
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[0].rstrip(".") if lines else type(error).__name__
        raise WeightsError(
            f"The model in {folder} cannot be read ({reason}); bring its files again "
            "or choose another model"
        ) from error


def _of_damaged_files() -> tuple[type[Exception], ...]:
    # ImportError: some backbones need a package that transformers does not bring.
    known = [OSError, ValueError, RuntimeError, KeyError, EOFError, ImportError]
    known.append(pickle.UnpicklingError)
    if "safetensors" in sys.modules:  # Else nobody raises its own.
        from safetensors import SafetensorError

        known.append(SafetensorError)
    return tuple(known)


def refuse_missing(loading_info: Mapping[str, Any], folder: Path) -> None:
    """Refuse a model some of whose tensors would be random.

    Args:
        loading_info: As `from_pretrained(..., output_loading_info=True)` returns it.
        folder: Where the model is.

    Raises:
        WeightsError: The files lack tensors.
    """
    missing = sorted(loading_info["missing_keys"])
    if missing:
        raise WeightsError(
            f"The weights in {folder} lack {len(missing)} of the model's tensors "
            f"({missing[0]} is one); bring its files again"
        )
