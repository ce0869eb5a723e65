# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions a user can cause and, given the message, fix.

* VitposeError
  * SourceError      a video, picture folder or keypoint file cannot be read
    * CameraError    no such device, busy, or it stopped delivering frames
  * WeightsError     model files are missing, broken, or may not be downloaded
  * TakeError        a take is empty, damaged or does not hold what was asked for
  * RigError         the rig map and the armature disagree
    * BodyError      no body can be recognised in the armature
  * CharacterError   a character file has no usable skeleton
  * OutputError      a result cannot be written
  * CalibrationError nobody stood as a calibration needs it
  * SetupError       the extension's own environment cannot be made or used

Anything else that escapes is a bug and is logged with its traceback.
"""

from collections.abc import Iterable


class VitposeError(Exception):
    """Base class; `str(error)` is one sentence fit for an operator report."""


class SourceError(VitposeError):
    pass


class CameraError(SourceError):
    pass


class WeightsError(VitposeError):
    pass


class TakeError(VitposeError):
    pass


class CharacterError(VitposeError):
    pass


class OutputError(VitposeError):
    pass


class SetupError(VitposeError):
    pass


class CalibrationError(VitposeError):
    pass


class RigError(VitposeError):
    """Raised when the rig map names bones the armature does not have."""

    def __init__(self, missing: Iterable[str], available: Iterable[str]) -> None:
        self.missing = sorted(missing)
        super().__init__(
            f"Armature has no bone {_some(map(repr, self.missing))}; "
            f"it has {_some(sorted(available))}: give a rig map that names its bones"
        )


class BodyError(RigError):
    """Raised when no body can be recognised in an armature, whatever the map."""

    def __init__(self, sentence: str) -> None:
        self.missing: list[str] = []
        VitposeError.__init__(self, sentence)


def _some(names: Iterable[str], limit: int = 12) -> str:
    """Return the first names as a list for a sentence, and how many there are more."""
    shown = list(names)
    rest = len(shown) - limit
    return ", ".join(shown[:limit]) + (f" and {rest} more" if rest > 0 else "")
