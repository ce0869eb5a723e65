# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for agrees with Blender's numpy, and pip's lines are understood."""

import sys
from pathlib import Path

import pytest

from vitpose_blender.runtime import plan as planning
from vitpose_blender.runtime.packages import (
    NEEDS,
    Found,
    absent_here,
    lacking,
    parse_version,
    probe,
)
from vitpose_blender.runtime.pip_output import PipProgress, failure
from vitpose_blender.runtime.plan import Host, find_accelerator, make_plan


def host(numpy: str, system: str = "linux") -> Host:
    return Host(Path("python"), "3.11", numpy, system)


def wanted(numpy: str) -> dict[str, str]:
    plan = make_plan(host(numpy), "cpu", NEEDS)
    names = [need.distribution for need in NEEDS]
    return {n: r.removeprefix(n) for n, r in zip(names, plan.requirements, strict=True)}


@pytest.mark.parametrize(
    ("numpy", "opencv", "own"),
    [
        ("1.26.4", "==4.11.0.86", ">=1.26,<2"),
        ("2.2.4", ">=4.12,<6", ">=2.1,<3"),
        ("", ">=4.12,<6", ">=2.1,<3"),
    ],
)
def test_opencv_agrees_with_the_numpy_of_blender(numpy, opencv, own):
    assert wanted(numpy)["opencv-python-headless"] == opencv
    assert wanted(numpy)["numpy"] == own


def test_every_need_has_a_version():
    assert all(wanted("1.26.4").values())
    assert wanted("2.0")["torch"] == "==2.13.0"


@pytest.mark.parametrize(
    ("accelerator", "system", "indexes"),
    [
        ("cpu", "linux", ["cpu"]),
        ("cuda", "linux", []),
        ("cuda", "win32", ["cu128", "cu130"]),
        ("cpu", "win32", []),
        ("mps", "darwin", []),
    ],
)
def test_torch_comes_for_the_device(accelerator, system, indexes):
    plan = make_plan(host("1.26.4", system), accelerator, NEEDS)
    assert [index.rsplit("/", 1)[-1] for index in plan.indexes] == indexes


def test_only_what_lacks_is_asked_for():
    plan = make_plan(host("2.2"), "cuda", [NEEDS[-1]])
    assert [r.split(">=")[0] for r in plan.requirements] == ["transformers"]
    assert plan.disk < make_plan(host("2.2"), "cuda", NEEDS).disk


def test_a_machine_without_a_driver_computes_on_its_cpu(monkeypatch):
    def absent(name):
        raise OSError(name)

    monkeypatch.setattr(planning.ctypes, "CDLL", absent)
    assert find_accelerator("win32") == "cpu"


@pytest.mark.parametrize(
    ("text", "version"),
    [("2.13.0+cpu", (2, 13, 0)), ("4.11.0.86", (4, 11, 0, 86)), ("dev", ()), ("", ())],
)
def test_versions_are_numbers(text, version):
    assert parse_version(text) == version


def test_what_is_absent_broken_or_old_is_lacking():
    found = {need.module: Found("999") for need in NEEDS}
    assert lacking(found) == []
    found |= {"torch": Found("1.13.1"), "cv2": Found(error="ImportError: no")}
    assert [need.module for need in lacking(found)] == ["cv2", "torch"]


def test_a_broken_module_does_not_hide_the_others(tmp_path):
    (tmp_path / "PIL").mkdir()
    (tmp_path / "PIL" / "__init__.py").write_text("raise RuntimeError('torn')")
    (tmp_path / "cv2.py").write_text("__version__ = '4.11.0'; print('hello')")
    found = probe(_bare(), [str(tmp_path)])
    assert found["PIL"].error == "RuntimeError: torn"
    assert found["cv2"] == Found("4.11.0")
    assert "ModuleNotFoundError" in found["transformers"].error


def test_a_module_that_crashes_its_python_is_told(tmp_path):
    (tmp_path / "PIL.py").write_text("import os; os.abort()")
    assert probe(_bare(), [str(tmp_path)])["PIL"].error == "it could not be tried"


def _bare() -> str:
    """Return the Python below this environment, which has none of its packages."""
    return getattr(sys, "_base_executable", sys.executable)


def test_looking_here_imports_nothing():
    before = set(sys.modules)
    absent_here()
    assert not {"torch", "transformers"} & (set(sys.modules) - before)


PIP_LINES = """\
Collecting torch==2.13.0
  Downloading torch-2.13.0-cp311-cp311-linux_x86_64.whl.metadata (29 kB)
  Downloading https://example.org/whl/torch-2.13.0-cp311-linux_x86_64.whl (190.0 MB)
Progress 0 of 190000000
Progress 95000000 of 190000000
Progress 190000000 of 190000000
Collecting numpy<2,>=1.26
  Using cached numpy-1.26.4-cp311-linux_x86_64.whl (18.3 MB)
Downloading transformers-5.23.0-py3-none-any.whl (10.0 MB)
Progress 10000000 of 10000000
Installing collected packages: numpy, torch, transformers
Successfully installed numpy-1.26.4 torch-2.13.0 transformers-5.23.0
"""


def test_pips_lines_are_progress():
    meter = PipProgress(expected=250_000_000)
    said = [p for line in PIP_LINES.splitlines() if (p := meter.read(line)) is not None]
    texts = [progress.text for progress in said]
    assert texts[0] == "Looking for torch"
    assert "Downloading torch, 95 of 190 MB" in texts
    assert "numpy is here already" in texts
    assert texts[-1].startswith("Unpacking 3 packages")
    shares = [progress.share for progress in said]
    assert shares == sorted(shares)
    assert shares[-2] == pytest.approx(0.05 + 0.65 * 218.3 / 250)


def test_a_wrong_guess_of_the_size_never_exceeds_the_whole():
    meter = PipProgress(expected=1)
    assert (
        max(p.share for line in PIP_LINES.splitlines() if (p := meter.read(line))) <= 1
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("ERROR: [Errno 28] No space left on device", "The disk is full"),
        ("[Errno -3] Temporary failure in name resolution", "does not answer"),
        ("WARNING: Retrying after ProxyError('Cannot connect')", "The proxy"),
        ("SSLError(1, 'CERTIFICATE_VERIFY_FAILED')", "PIP_CERT"),
        ("ERROR: [Errno 13] Permission denied: 'x'", "cannot be written"),
        ("because ensurepip is not available.", "python3-venv"),
        ("ERROR: No matching distribution found for torch==2", "has no torch==2"),
        ("ERROR: something new", r"Installing failed \(ERROR: something new\)"),
        ("", "it says nothing"),
    ],
    ids=lambda text: text[:24],
)
def test_a_failure_says_the_way_out(line, sentence):
    with pytest.raises(Exception, match=sentence):
        raise failure("Installing", [line], "F")


def test_no_network_is_told_before_what_it_leads_to():
    lines = [
        "WARNING: Retrying: NewConnectionError: [Errno 111] Connection refused",
        "ERROR: No matching distribution found for torch==2.13.0",
    ]
    assert "does not answer" in str(failure("Installing", lines, "F"))
    wheels = failure("Installing", lines[1:], "F", "W")
    assert "The wheels folder W has no torch==2.13.0" in str(wheels)
