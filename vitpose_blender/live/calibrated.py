# SPDX-License-Identifier: GPL-3.0-or-later
"""The calibration of a running capture: recalled, made anew, used by all its drives."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..core.calibration import (
    Calibration,
    calibration_of,
    neutral,
    with_calibration,
)
from ..core.camera_files import CameraFiles
from ..core.errors import OutputError, VitposeError
from ..core.journal import Journal
from ..core.live_drive import LiveDrive
from ..core.packet import Packet
from ..core.take import TakeHeader
from .calibrating import IDLE, CalibrationOrder, CalibrationRun, CalibrationStatus
from .config import CaptureConfig

_STOPPED = CalibrationStatus("failed", 0.0, "The calibration was stopped")
_WAITING = "Calibrated; it counts from the end of the recording on"


class Calibrator:
    """What a capture knows of its camera and person, and how it comes to know more.

    All but `order` and `status` belong to the thread of the capture.

    Args:
        config: Of the capture.
        journal: Of the capture.
        drives: Of its characters, by key.
        is_one_person: Whether all of them follow the same person.

    Attributes:
        header: Of takes that begin now.
    """

    def __init__(
        self,
        config: CaptureConfig,
        journal: Journal,
        drives: Mapping[str, LiveDrive],
        is_one_person: bool,
    ) -> None:
        self.header = TakeHeader()
        self._journal = journal
        self._drives = drives
        self._is_one_person = is_one_person
        self._files = CameraFiles(Path(config.cameras)) if config.cameras else None
        self._camera = config.camera
        self._set_tilt: Callable[[float], None] = lambda _: None
        self._order: CalibrationOrder | None = None
        self._is_unwanted = False
        self._run: CalibrationRun | None = None
        self._made: Calibration | None = None  # Waits for the end of a recording.
        self._current: Calibration | None = None
        self._status = IDLE

    @property
    def status(self) -> CalibrationStatus:
        """How far it is; may be asked from any thread."""
        order, run = self._order, self._run
        status = self._status
        if order is not None:
            status = CalibrationStatus("countdown", order.delay)
        elif run is not None:
            status = run.status
        return replace(status, result=self._current)

    def order(self, order: CalibrationOrder) -> None:
        """Begin with the next moment; from any thread."""
        self._order = order

    def cancel(self) -> None:
        """End what is going on, with the next moment; from any thread."""
        self._order, self._is_unwanted = None, True

    def begin(
        self, header: TakeHeader, set_tilt: Callable[[float], None]
    ) -> TakeHeader:
        """Use what is known of a source; returns the header of its takes.

        Args:
            header: Of the source.
            set_tilt: Tells what lifts the joints how far the camera looks down.
        """
        self.header, self._set_tilt = header, set_tilt
        known = calibration_of(header)
        if known is None and self._files is not None:
            known = self._files.load(self._camera or header.source, header.camera)
        if known is not None:
            self._use(known)
        return self.header

    def before(self) -> None:
        """Use a new calibration as soon as no recording would get two."""
        made = self._made
        if made is not None and not self._journal.is_marking:
            self._made = None
            self._use(made)
            self._journal.go_on(self.header)
            if self._status.phase == "waiting":
                self._status = CalibrationStatus("done", 0.0, made.sentence)

    def after(self, t: float, packets: Sequence[Packet]) -> None:
        """Look at a moment, if somebody calibrates."""
        order = self._order
        if self._is_unwanted:
            self._run, self._is_unwanted, self._status = None, False, _STOPPED
        if order is not None:
            self._run, self._order = CalibrationRun(order, self.header), None
        run = self._run
        if run is None:
            return
        made = run.step(t, packets)
        if made is not None:
            self._status = self._keep(replace(made, source=self._camera or made.source))
            self._run = None
        elif not run.status.is_busy:
            self._status, self._run = run.status, None

    def _keep(self, made: Calibration) -> CalibrationStatus:
        """Keep a calibration with its camera; the next moment uses it, if it may."""
        self._made = made
        message = made.sentence
        try:
            if self._files is not None:
                self._files.save(made)
        except OutputError as error:
            message = f"{message}. {error}"
        if self._journal.is_marking:
            return CalibrationStatus("waiting", 0.0, _WAITING)
        return CalibrationStatus("done", 0.0, message)

    def _use(self, calibration: Calibration) -> None:
        """Let the lifter and the drives know; takes carry it from now on."""
        from ..inference.lifters import make_lifter

        self.header = with_calibration(self.header, calibration)
        self._current = calibration
        self._set_tilt(calibration.tilt)
        memory = None
        if self._is_one_person:
            # Joints of another's making: how they stand is unknown.
            with contextlib.suppress(VitposeError):
                memory = neutral(calibration, make_lifter(self.header.lifter))
        for drive in self._drives.values():
            drive.calibrate(self.header.camera, memory)
