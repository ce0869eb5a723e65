# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the extension's own environment: needs no administrator, touches nothing else.

It is made anew each time, since a package that pip was just copying when it was ended
looks whole to the next pip. What was downloaded is kept until it succeeds.
"""

import json
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import SetupError
from .environment import Environment
from .job import Progress, Report
from .lock import one_at_a_time
from .packages import NEEDS, Need, lacking, names, probe, require
from .pip_output import PipProgress
from .plan import Accelerator, Host, make_plan
from .steps import Pip, Steps, facts_for_log


@dataclass(frozen=True)
class Request:
    """What to install, and from where.

    Attributes:
        environment: Where to.
        host: What for.
        accelerator: What torch shall run on.
        wheels: A folder of wheels to take instead of an index.
        allow_network: Whether the network may be used.
        paths: Where Blender finds packages beside its Python's own folders.
    """

    environment: Environment
    host: Host
    accelerator: Accelerator
    wheels: Path | None = None
    allow_network: bool = False
    paths: tuple[str, ...] = ()


def install(request: Request, report: Report, stop: threading.Event) -> str:
    """Make the environment, and return a sentence that says what was done.

    Args:
        request: What is wanted.
        report: Hears how far it is.
        stop: Ends it when set.

    Raises:
        SetupError: It cannot be made; the sentence says the way out.
        Cancelled: `stop` was set. What was downloaded is kept.
    """
    _require_source(request)
    report(Progress("Looking what is here already", 0.0))
    python = str(request.host.python)
    needs = lacking(probe(python, request.paths, stop))
    if needs and request.paths:  # An environment sees none of those.
        needs = lacking(probe(python, (), stop))
    if not needs:
        return "Nothing to install: Blender's Python has all packages already"
    own = request.environment
    _make_folder(own.folder)
    with one_at_a_time(own.folder / "lock"):
        try:
            _make(request, needs, report, stop)
        finally:
            _remove_folder(own.temporary)
            if not own.is_ready():
                _remove_folder(own.venv)
    return f"Installed {names(needs)}"


def remove(environment: Environment) -> None:
    """Remove an environment, with what was downloaded for it; its log stays.

    Raises:
        SetupError: A file of it cannot be removed, since something runs from it.
    """
    if not environment.folder.is_dir():
        return
    with one_at_a_time(environment.folder / "lock"):
        environment.stamp.unlink(missing_ok=True)  # From now on nobody takes it.
        for folder in (environment.venv, environment.downloads, environment.temporary):
            _remove_folder(folder)


def _make(
    request: Request, needs: Sequence[Need], report: Report, stop: threading.Event
) -> None:
    own, host = request.environment, request.host
    # A torch that the system brings is gigabytes that need not come again.
    shares = all(need.module != "torch" for need in needs)
    plan = make_plan(host, request.accelerator, needs if shares else NEEDS)
    _require_disk_space(own.folder, plan.disk)
    own.stamp.unlink(missing_ok=True)
    _remove_folder(own.venv)
    own.temporary.mkdir(exist_ok=True)

    report(Progress("Making the environment", 0.02))
    steps = Steps(own, stop, str(request.wheels or ""))
    steps.begin_log(facts_for_log(plan.requirements, host.python))
    make = [str(host.python), "-m", "venv", str(own.venv)]
    system = ["--system-site-packages"] if shares else []
    steps.call("Making the environment", [*make, *system])
    report(Progress("Asking for packages", 0.05))
    pip = Pip(steps, own, request.wheels)
    pip.renew()
    meter = PipProgress(plan.download)
    pip.install(
        plan.requirements, plan.indexes, lambda line: _tell(meter.read(line), report)
    )
    report(Progress("Trying what was installed", 0.95))
    require(probe(str(own.python), (), stop), "the new environment")
    _remove_folder(own.downloads)
    stamp = {
        "python": host.version,
        "base": str(host.python),
        "accelerator": request.accelerator,
        "requirements": " ".join(plan.requirements),
    }
    own.stamp.write_text(json.dumps(stamp, indent=1), "utf-8")
    steps.note("\nDone.")


def _tell(progress: Progress | None, report: Report) -> None:
    if progress is not None:
        report(progress)


def _require_source(request: Request) -> None:
    if request.wheels is not None:
        if not any(request.wheels.glob("*.whl")):
            raise SetupError(
                f"The folder {request.wheels} has no wheels: choose the folder that "
                "pip download filled, or leave it empty to install from the network"
            )
    elif not request.allow_network:
        raise SetupError(
            "Installing needs the network: switch on Allow Online Access in "
            "Preferences, System, Network; or choose a wheels folder"
        )


def _require_disk_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SetupError(
            f"The disk of {folder} has {free / 1e9:.1f} GB free and the runtime needs "
            f"{needed / 1e9:.1f} GB: make room and install again"
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"Cannot make the folder {folder} ({error.strerror or error}): let "
            "Blender's user folder be writable"
        ) from error


def _remove_folder(folder: Path) -> None:
    """Remove a folder and all in it.

    Raises:
        SetupError: Something in it is in use.
    """
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SetupError(
            f"{error.filename or folder} cannot be removed ({error.strerror}): stop "
            "the capture, close other Blenders, then try again"
        ) from error
