# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts run inside the tests' process, which spares each the start of Blender."""

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


@dataclass(frozen=True)
class Done:
    """How a script ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The only line on stderr of a script that refused its input."""
        assert self.code == 2, self
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("Error: "), self.err
        return lines[0].removeprefix("Error: ")


class ScriptRunner:
    """Runs scripts by name; see the fixture `run_script`."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self._monkeypatch = monkeypatch
        self._capfd = capfd

    def __call__(self, name: str, *arguments: object) -> Done:
        script, cli = load_script(name), load_script("_cli")
        argv = [f"{name}.py", *map(str, arguments)]
        self._monkeypatch.setattr(sys, "argv", argv)
        self._capfd.readouterr()
        try:
            wanted = script.parse_arguments()
            code = cli.exit_code(lambda: script.main(wanted))
        except SystemExit as refused:
            code = refused.code
        out, err = self._capfd.readouterr()
        return Done(code, out, err)


def load_script(name: str) -> ModuleType:
    """Import a module of `scripts/`; they import each other by their bare names."""
    if str(SCRIPTS) not in sys.path:
        sys.path.append(str(SCRIPTS))
    return importlib.import_module(name)
