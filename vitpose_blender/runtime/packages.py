# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that looking at pictures needs, and whether a Python has them."""

import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from ..core.errors import SetupError
from .children import run_lines

IMPORT_TIMEOUT = 180.0  # A cold disk and a virus scanner are slow [s].
_MARK = "@vitpose "  # Before our own lines: packages write what they like.

_CODE = """
import importlib, json, sys
sys.path.extend(json.loads(sys.argv[1]))
for name in sys.argv[2:]:
    try:
        module = importlib.import_module(name)
        said = {"version": str(getattr(module, "__version__", ""))}
    except Exception as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    print("@vitpose " + json.dumps({"module": name, **said}), flush=True)
"""


@dataclass(frozen=True)
class Need:
    """A module that is imported.

    Attributes:
        module: Its name in Python.
        distribution: What brings it, in a package index.
        at_least: The oldest version that serves.
    """

    module: str
    distribution: str
    at_least: str


NEEDS = (
    Need("numpy", "numpy", "1.26"),
    Need("cv2", "opencv-python-headless", "4.6"),
    Need("PIL", "pillow", "9.0"),
    Need("safetensors", "safetensors", "0.4"),
    Need("torch", "torch", "2.2"),
    Need("huggingface_hub", "huggingface_hub", "0.24"),
    Need("transformers", "transformers", "4.48"),  # The first with ViTPose.
)


@dataclass(frozen=True)
class Found:
    """What importing a module said.

    Attributes:
        version: Empty where it cannot be imported, or does not say.
        error: Why it cannot be imported; empty where it can.
    """

    version: str = ""
    error: str = ""


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with: `2.13.0+cpu` is (2, 13, 0)."""
    match = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def probe(
    python: str, paths: Sequence[str] = (), stop: threading.Event | None = None
) -> dict[str, Found]:
    """Import every needed module in a child of that Python, and say what came of it.

    Args:
        python: The interpreter.
        paths: Where it looks beside its own folders.
        stop: Ends it when set.

    Raises:
        SetupError: The interpreter cannot be started, or takes too long.
        Cancelled: `stop` was set.
    """
    found = {need.module: Found(error="it could not be tried") for need in NEEDS}

    def note(line: str) -> None:
        if line.startswith(_MARK):
            said = json.loads(line.removeprefix(_MARK))
            name = said.pop("module")
            found[name] = Found(**said)

    names = [need.module for need in NEEDS]
    command = [python, "-P", "-c", _CODE, json.dumps(list(paths)), *names]
    run_lines(command, note, stop or threading.Event(), timeout=IMPORT_TIMEOUT)
    return found


def lacking(found: Mapping[str, Found]) -> list[Need]:
    """Return the needs that are absent, broken or too old."""
    return [need for need in NEEDS if not serves(need, found[need.module])]


def serves(need: Need, found: Found) -> bool:
    """Whether what was found is good enough for a need."""
    if found.error:
        return False
    return parse_version(found.version) >= parse_version(need.at_least)


def absent_here() -> list[str]:
    """Return the needed modules that this process has not got; imports none of them."""
    return [need.module for need in NEEDS if find_spec(need.module) is None]


def require(found: Mapping[str, Found], where: str) -> None:
    """Refuse an environment in which something is absent, broken or too old.

    Raises:
        SetupError: The first such module, and what it said.
    """
    for need in lacking(found):
        what = found[need.module].error or f"version {found[need.module].version}"
        raise SetupError(
            f"{need.module} does not work in {where} ({what}): remove the runtime and "
            "install it again; the log has the whole story"
        )


def names(needs: Iterable[Need]) -> str:
    """Return what brings these modules, as a list for a sentence."""
    return ", ".join(need.distribution for need in needs)
