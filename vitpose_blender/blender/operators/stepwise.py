# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator whose work takes a while: in one go for scripts, in slices for people."""

import time
from collections.abc import Generator
from typing import Any

import bpy
from bpy.types import Context, Event, Timer, WindowManager, WorkSpace

from ...core.errors import VitposeError
from ...core.steps import Running, Steps, finish
from ..session_monitor import redraw_sidebars
from .common import LOOKING, OperatorReturn

_BUDGET = 0.02  # Main-thread time a slice, at least; a redraw comes after each [s].
_MOST = 0.15  # And at most: the window is drawn some times a second [s].
_PAUSE = 0.01  # Between two slices [s].
_SHOW_EVERY = 0.25  # [s]


def budget(pause: float) -> float:
    """Return how long a slice may take after a pause; both [s].

    Where drawing is slow, most of the time would go into that: a slice then takes
    about as long as the pause in which the window was drawn.
    """
    return min(max(_BUDGET, pause), _MOST)


class Job:
    """Work in slices: its steps, its timer and what it shows.

    `stop` ends all of it, and may be called twice.

    Attributes:
        title: What is being done, as people say it.
        share: The finished part, in [0, 1].
    """

    def __init__(self, context: Context, title: str, steps: Steps[str]) -> None:
        assert context.workspace is not None
        self.title = title
        self.share = 0.0
        self._steps = steps
        self._running = Running(steps)
        self._going: Generator[float, None, None] = iter(self._running)
        self._shown = 0.0
        self._paused_at = time.monotonic()
        self._workspace = context.workspace.name
        self._timer: Timer | None = _manager().event_timer_add(
            _PAUSE, window=context.window
        )
        _manager().progress_begin(0, 100)

    def tick(self) -> str | None:
        """Go on for a moment; returns the sentence to report once all is done."""
        start = time.monotonic()
        deadline = start + budget(start - self._paused_at)
        for share in self._going:
            self.share = share
            if time.monotonic() >= deadline:
                self._show_share()
                self._paused_at = time.monotonic()
                return None
        return self._running.result

    def stop(self) -> None:
        """Undo what is half done, and release the timer."""
        for generator in (self._going, self._steps):
            generator.close()  # Runs its `finally`.
        if self._timer is not None:
            _manager().event_timer_remove(self._timer)
            self._timer = None
            _manager().progress_end()
            self._show(None)
        if self in running:
            running.remove(self)

    def _show_share(self) -> None:
        if time.monotonic() >= self._shown + _SHOW_EVERY:
            self._shown = time.monotonic()
            _manager().progress_update(round(100 * self.share))
            self._show(f"{self.title}: {self.share:.0%}    Esc: cancel")

    def _show(self, text: str | None) -> None:
        workspace: WorkSpace | None = bpy.data.workspaces.get(self._workspace)
        if workspace is not None:
            workspace.status_text_set(text)
        redraw_sidebars()


# The one job that may be running. Blender ends a modal operator without a word when
# its class is unregistered; whoever unregisters it must clean up.
running: list[Job] = []


def _manager() -> WindowManager:
    manager = bpy.context.window_manager
    assert manager is not None
    return manager


def refusal_while_running() -> str:
    """Return why nothing else may begin, in a sentence; empty if it may."""
    return f"{running[0].title} goes on: press Esc to stop it" if running else ""


class InSteps:
    """Runs `steps`, whose result is the sentence to report; for `Operator`s."""

    title = ""
    report: Any
    _job: Job | None = None

    def steps(self, context: Context) -> Steps[str]:
        """Do the work; a VitposeError is reported."""
        raise NotImplementedError

    def execute(self, context: Context) -> OperatorReturn:
        """Do it in one go; this is the path that scripts take."""
        try:
            self.report({"INFO"}, finish(self.steps(context)))
        except VitposeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def invoke(self, context: Context, event: Event) -> OperatorReturn:
        self._job = Job(context, self.title, self.steps(context))
        running.append(self._job)
        _manager().modal_handler_add(self)  # type: ignore[arg-type]
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: Event) -> OperatorReturn:
        if event.type == "ESC" and event.value == "PRESS":
            self.cancel(context)
            self.report({"INFO"}, f"{self.title} was stopped; nothing has changed")
            return {"CANCELLED"}
        if event.type != "TIMER":
            looks = event.type.startswith(LOOKING)
            return {"PASS_THROUGH"} if looks else {"RUNNING_MODAL"}
        return self._go_on(context)

    def _go_on(self, context: Context) -> OperatorReturn:
        if self._job is None or self._job not in running:
            return {"CANCELLED"}
        try:
            sentence = self._job.tick()
        except VitposeError as error:
            self.cancel(context)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except BaseException:  # A bug: Blender prints it, but no timer may leak.
            self.cancel(context)
            raise
        if sentence is None:
            return {"RUNNING_MODAL"}
        self.cancel(context)
        self.report({"INFO"}, sentence)
        return {"FINISHED"}

    def cancel(self, context: Context) -> None:
        """Release what `invoke` acquired; Blender calls this too, e.g. on quit."""
        if self._job is not None:
            self._job.stop()
            self._job = None


def stop_all() -> None:
    """End whatever is running."""
    for job in list(running):
        job.stop()
