# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes between Blender and a capture's own process, as lines.

To the child: the job as a line of JSON; then words, each a line: `beat`, `back N` when
a picture's place is free again, `tilt DEGREES` when a calibration found how far the
camera looks down, `person N` when somebody else is wanted, `stop`. From the child:
messages, a line of JSON each that says how many lines belong to it and follow, as the
packets of a moment do.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..core import errors
from ..core.errors import VitposeError
from ..streaming.errors import StreamError
from .config import CaptureConfig

BEAT_EVERY = 0.5  # Each side tells the other that it is alive [s].

_KNOWN_ERRORS: dict[str, type[VitposeError]] = {
    kind.__name__: kind
    for kind in (
        errors.SourceError,
        errors.CameraError,
        errors.WeightsError,
        errors.TakeError,
        errors.OutputError,
        StreamError,
    )
}


def job_line(
    config: CaptureConfig, person: int, pictures: Any, paths: Sequence[str]
) -> str:
    """Return what a child is to do.

    Args:
        config: Of the capture.
        person: Number of the wanted person; see `feed.open_feed`.
        pictures: Ticket of the shared pictures.
        paths: Folders of packages.
    """
    job = {
        "config": asdict(config) | {"journal": str(config.journal)},
        "person": person,
        "pictures": pictures,
        "paths": list(paths),
    }
    return json.dumps(job)


def config_of(job: dict[str, Any]) -> CaptureConfig:
    """Return the settings that a job carries."""
    values = dict(job["config"])
    values["journal"] = Path(values["journal"])
    values["python_paths"] = tuple(values["python_paths"])
    return CaptureConfig(**values)


def error_message(error: VitposeError) -> dict[str, Any]:
    """Return an error's sentence with its class, as a message."""
    names = [kind.__name__ for kind in type(error).__mro__]
    known = next((name for name in names if name in _KNOWN_ERRORS), "")
    return {"kind": "error", "class": known, "text": str(error)}


def error_of(message: dict[str, Any]) -> VitposeError:
    """Return the error of such a message."""
    kind = _KNOWN_ERRORS.get(message.get("class", ""), VitposeError)
    return kind(message["text"])
