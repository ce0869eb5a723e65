# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrations kept with their cameras: one small JSON file each."""

import contextlib
import hashlib
import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from .calibration import Calibration
from .camera_model import Camera
from .errors import CalibrationError, OutputError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CameraFiles:
    """A folder of calibrations; one a camera and size of its picture."""

    folder: Path

    def path(self, source: str, image_wh: tuple[int, int]) -> Path:
        """Return where the calibration of a camera is or would be."""
        plain = re.sub(r"[^A-Za-z0-9]+", "-", Path(source).name).strip("-").lower()
        # Names may differ only in what a file's name cannot hold.
        digest = hashlib.sha256(source.encode()).hexdigest()[:8]
        width, height = image_wh
        return self.folder / f"{plain[:40] or 'camera'}-{digest}-{width}x{height}.json"

    def load(self, source: str, camera: Camera) -> Calibration | None:
        """Return the calibration of a camera, None if there is none that fits.

        Args:
            source: Name of the camera.
            camera: Its picture's size and field of view must be the same.
        """
        found = self._read(self.path(source, camera.image_wh))
        return found if found is not None and found.fits(camera) else None

    def save(self, calibration: Calibration) -> Path:
        """Keep a calibration; it replaces an older one.

        Raises:
            OutputError: The file cannot be written.
        """
        path = self.path(calibration.source, calibration.image_wh)
        unfinished = path.with_name(f"{path.name}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps(calibration.to_dict(), indent=1)
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)
        except OSError as error:
            raise OutputError(
                f"The calibration cannot be kept in {path} "
                f"({error.strerror or error}); it is used until the capture ends"
            ) from error
        return path

    def forget(self, source: str) -> int:
        """Remove all calibrations of a camera; returns how many there were."""
        paths = self._paths(source)
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink()
        return len(paths)

    def _paths(self, source: str) -> list[Path]:
        stem = self.path(source, (0, 0)).name.removesuffix("0x0.json")
        return sorted(self.folder.glob(f"{stem}*.json"))

    def _read(self, path: Path) -> Calibration | None:
        try:
            return Calibration.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError, CalibrationError) as error:
            log.warning("%s is passed over: %s", path, error)
            return None
