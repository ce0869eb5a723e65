# SPDX-License-Identifier: GPL-3.0-or-later
"""The one live capture: a thread, the characters it drives, the timer between them.

All of it is called on Blender's main thread.
"""

import atexit
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.types import Object

from ..core.errors import TakeError, VitposeError
from ..core.motion import CharacterPose
from ..live.calibrating import IDLE
from ..live.config import CaptureConfig, Driven, Status
from ..live.engines import engine_of, opener
from ..live.feed import OpenFeed, Seen
from ..live.run import LiveRun, Moment, Preview
from ..worker import CaptureWorker
from .camera_list import CameraList
from .overlay import Overlay
from .session_characters import Characters, Follower
from .session_monitor import SessionMonitor

log = logging.getLogger(__name__)

TICK = 1 / 240  # What waits for a tick is late by as much [s].
BUDGET = 0.004  # Main-thread time a tick [s].
# Drawing waits no longer for a thread that retargets [s]; Python's own is 0.005.
SWITCH = 0.001
# How messages begin that nobody need do anything about.
CALM = ("The source has come to its end", "The capture ended")
STOP_TIMEOUT = 1.0  # What stops later than that is left to itself [s].


class LiveSession:
    """Starts and stops the capture, and hands its newest poses to the characters."""

    def __init__(self) -> None:
        self._tick = self.tick  # bpy.app.timers compares by identity: keep one object.
        self._worker: CaptureWorker[Seen, Moment] | None = None
        self._run: LiveRun | None = None
        self._characters: Characters | None = None
        self._keeps_binding = False
        self._switch = SWITCH  # Python's, while none is running.
        self._poses: Mapping[str, CharacterPose] = {}
        self._status = Status()
        self._preview: Preview | None = None
        self.monitor = SessionMonitor(lambda: self.preview)
        self.overlay = Overlay(lambda: self.preview, self.followers)
        self.cameras = CameraList()

    @property
    def is_running(self) -> bool:
        """Whether a capture is going on, or beginning."""
        return self._characters is not None

    def start(
        self,
        config: CaptureConfig,
        characters: Sequence[Driven],
        open_source: OpenFeed | None = None,
    ) -> None:
        """Begin to capture; what is slow happens in the thread.

        Args:
            config: Of the capture.
            characters: Whom to drive; none only captures.
            open_source: Opens the source, in the thread; None leaves it to `config`.

        Raises:
            VitposeError: A capture is running, or has not let go of its camera yet.
            CharacterError: A character cannot be driven.
        """
        if self.is_running:
            raise VitposeError("A capture is running already: stop it first")
        if self._worker is not None and self._worker.is_alive:
            raise VitposeError(
                "The last capture has not let go of its source yet: try again in a "
                "few seconds"
            )
        driven = Characters(characters, config)
        driven.bind()
        self._run = run = LiveRun(config, driven.runs(), open_source or opener(config))
        self._worker = CaptureWorker(run.open, lambda: run.step, run.interrupt)
        self._characters = driven
        self._keeps_binding = config.keeps_binding
        self._poses = {}
        self._status = Status(state="starting", engine=engine_of(config))
        self._switch = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH)
        self._worker.start()
        bpy.app.timers.register(self._tick, first_interval=TICK)
        self.monitor.begin()
        self.overlay.begin(is_mirrored=config.mirror)

    def stop(self, message: str = "", *, releases: bool = True) -> None:
        """End the capture; without one, nothing happens.

        Args:
            message: What to tell the user; empty after a normal end.
            releases: Whether characters may be touched; they stay bound as well where
                the capture was started so.
        """
        characters, self._characters = self._characters, None
        if characters is None:
            return
        with ExitStack() as stack:  # Each step happens, whatever the others do.
            stack.callback(self.monitor.end)
            stack.callback(self.overlay.end)
            if releases and not self._keeps_binding:
                stack.callback(characters.release)
            stack.callback(self._note_end, message)
            stack.callback(sys.setswitchinterval, self._switch)
            stack.callback(self._stop_worker)
            stack.callback(self._stop_timer)

    def tick(self) -> float | None:
        """Apply the newest poses; None ends the timer. Never raises."""
        try:
            return self._apply_or_stop()
        except Exception:  # Not even stopping worked: Blender would drop us silently.
            log.exception("The capture could not be stopped properly")
            return None

    def _apply_or_stop(self) -> float | None:
        try:
            message = self._apply_newest()
        except VitposeError as error:
            message = _sentence(error)
        except Exception as error:  # A bug.
            log.exception("The capture stopped")
            message = _sentence(error)
        if message is None and self.is_running:
            return TICK
        self.stop(message or "")
        return None

    def _apply_newest(self) -> str | None:
        """Do a tick's work; returns why the capture ends, None while it goes on."""
        worker, run, characters = self._worker, self._run, self._characters
        if worker is None or run is None or characters is None:
            return ""
        is_alive = worker.is_alive  # Asked first: what it left behind still counts.
        moment = worker.latest.take()
        if moment is not None:
            self._poses = moment.poses
        gone = characters.move(self._poses, time.monotonic() + BUDGET)
        if moment is not None:
            self._note(moment, run)
        if gone:
            names, verb = " and ".join(map(repr, gone)), "are" if gone[1:] else "is"
            sentence = f"{names} {verb} gone"
            if not len(characters):
                return f"{sentence}: choose a character and start again"
            self._tell(f"{sentence}; the others go on")
        if worker.error is not None:
            return _sentence(worker.error)
        return None if is_alive else CALM[0]

    def status(self) -> Status:
        """Return what there is to show of the capture."""
        run = self._run
        if run is None:
            return self._status
        return replace(
            self._status,
            message=self._status.message or run.journal.message,
            num_frames=run.num_frames,
            num_dropped=run.num_dropped,
            dropped=run.dropped,
            num_journalled=run.journal.num_packets,
            device=run.device,
            stage=run.stage if self.is_running else "",
            is_recording=run.journal.is_marking,
            calibration=run.calibrator.status if self.is_running else IDLE,
        )

    @property
    def preview(self) -> Preview | None:
        """The newest picture of a running capture; None before the first."""
        if self._run is None or not self.is_running:
            self._preview = None
        elif (newest := self._run.preview.take()) is not None:
            self._preview = newest
        return self._preview

    def drives(self, armature: Object) -> bool:
        """Whether an armature is being driven."""
        return self._characters is not None and self._characters.has(armature)

    def follow(self, armature: Object, person: int) -> None:
        """Let a driven character follow another person; see `LiveRun.follow`."""
        key = self._characters.key_of(armature) if self._characters else None
        if key is not None and self._run is not None:
            self._run.follow(key, person)

    def show_all(self, is_wanted: bool) -> None:
        """Look at everybody in the picture, or only at those who are followed."""
        if self._run is not None and self.is_running:
            self._run.show_all(is_wanted)

    def followers(self) -> list[Follower]:
        """Return whom each character follows; empty where no capture is running."""
        if self._run is None or self._characters is None:
            return []
        return self._characters.followers(self._run.followed, self._run.motions)

    @property
    def has_captured(self) -> bool:
        """Whether there is a capture, going on or ended, whose end can be kept."""
        return self._run is not None and self._run.journal.num_packets > 0

    @property
    def marked(self) -> Path | None:
        """The take that is being recorded; None while none is."""
        return self._run.journal.marked if self._run is not None else None

    def keep_last(self, seconds: float, path: Path) -> Path:
        """Make a take of the last seconds, of a running capture or the last one.

        Raises:
            TakeError: Nobody was seen meanwhile.
            OutputError: The take cannot be written, or there is one of that name.
        """
        if self._run is None:
            raise TakeError("Nothing was captured yet: start the capture first")
        return self._run.journal.keep_last(seconds, path)

    def mark_start(self, path: Path) -> None:
        """Begin to record a take.

        Raises:
            VitposeError: No capture is running, or a take is being recorded already.
            OutputError: There is a take of that name.
        """
        if self._run is None or not self.is_running:
            raise VitposeError("No capture is running: start it first")
        self._run.journal.mark_start(path)

    def mark_stop(self) -> Path:
        """End the recorded take and return its file.

        Raises:
            TakeError: None is being recorded, or nobody was seen meanwhile.
            OutputError: It could not be written.
        """
        if self._run is None:
            raise TakeError("No take is being recorded")
        return self._run.journal.mark_stop()

    def start_calibration(
        self, height: float | None = None, delay: float = 5.0, mirror: bool = False
    ) -> None:
        """Have the person in view measured; `status().calibration` says how far it is.

        Args:
            height: Of the person; None takes an average adult's [m].
            delay: To walk back in [s].
            mirror: Whether characters are mirrored.

        Raises:
            VitposeError: No capture is running, or a calibration is going on.
        """
        if self._run is None or not self.is_running:
            raise VitposeError("No capture is running: press Start first")
        self._run.start_calibration(height, delay, mirror)

    def stop_calibration(self) -> None:
        """End a calibration that is going on; without one, nothing happens."""
        if self._run is not None:
            self._run.calibrator.cancel()

    def set_aside(self) -> None:
        """Have characters as they were before, until their next poses."""
        if self._characters is not None:
            self._characters.set_aside()

    def _note(self, moment: Moment, run: LiveRun) -> None:
        self._status = replace(
            self._status,
            state="running",
            t=moment.t,
            fps=run.fps,
            latency=time.monotonic() - moment.grabbed,
            confidence=moment.confidence,
            people=moment.people,
        )

    def _note_end(self, message: str) -> None:
        self._status = replace(self._status, state="idle")
        if message:
            self._tell(message)

    def _tell(self, message: str) -> None:
        self._status = replace(self._status, message=message)
        log.info("%s", message)

    def let_go(self) -> None:
        """End the thread alone, when Blender quits and its data are gone."""
        self._stop_worker()

    def _stop_worker(self) -> None:
        if self._worker is not None:
            self._worker.stop(STOP_TIMEOUT)

    def _stop_timer(self) -> None:
        if bpy.app.timers.is_registered(self._tick):
            bpy.app.timers.unregister(self._tick)


def _sentence(error: Exception) -> str:
    if isinstance(error, VitposeError):
        return str(error)
    return f"Internal error: {error!r}; see the console"


live = LiveSession()


@persistent  # type: ignore[untyped-decorator]
def _before_load(*_: Any) -> None:
    """End the capture before its characters vanish with their file."""
    if live.is_running:
        live.stop("The capture ended: another file was opened", releases=False)


def register() -> None:
    bpy.app.handlers.load_pre.append(_before_load)
    atexit.register(live.let_go)
    if not bpy.app.background:  # Nobody sees a menu there.
        live.cameras.look()


def unregister() -> None:
    live.stop("The capture ended: the extension was switched off")
    live.cameras.forget()
    atexit.unregister(live.let_go)
    bpy.app.handlers.load_pre.remove(_before_load)
