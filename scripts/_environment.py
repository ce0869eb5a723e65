# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's own Python environment, made on first use.

Every script that a person runs begins with

    import _environment

    if __name__ == "__main__":
        _environment.activate()

before its other imports. There it starts again under Python 3.11 in `.venv`, with the
pinned packages of `requirements/`, and the project's folder goes on `sys.path`. The
first run makes the environment and takes minutes; later runs only compare a
fingerprint. A script started with `VITPOSE_NO_VENV=1`, or by the environment's own
Python, goes on as it is.

Standard library and Python 3.7 syntax only: any `python3` may be the one to start us.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON_VERSION = (3, 11)  # The only one the bpy wheels from 4.2 to 5.0 are built for.
REQUIREMENTS = ("base.txt", "main.txt", "constraints.txt")
INTERRUPTED = "interrupted"  # What the stamp says while an installation runs.
DISK_NEEDED = 4.0  # bpy, torch and the downloads on their way [GB].
TICK = 1.0  # How often a running step shows its time [s].

# What the bpy and OpenCV wheels load from a Linux system, and Debian's name for it.
SYSTEM_LIBRARIES = {
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXrender.so.1": "libxrender1",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libICE.so.6": "libice6",
    "libSM.so.6": "libsm6",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
}

# Prints its own path when it is the right version and can make environments.
PROBE = (
    "import sys, venv, ensurepip; "
    f"print(sys.executable if sys.version_info[:2] == {PYTHON_VERSION} else '')"
)


class SetupError(Exception):
    """The environment cannot be made; the message says what to do about it."""


def activate(bpy_version: str | None = None) -> None:
    """Continue the calling script under the project's own Python.

    Returns at once where that Python is already running; otherwise makes the
    environment if need be, starts the script again in it, and does not return.

    Args:
        bpy_version: Of Blender's wheel, for a second environment beside `.venv` that
            holds only what the Blender tests need. None is the main environment.
    """
    sys.path.insert(0, str(ROOT))
    if os.environ.get("VITPOSE_NO_VENV") or _is_running(_folder(bpy_version)):
        return
    try:
        python = ensure(bpy_version)
    except SetupError as error:
        sys.exit(_fail(str(error), 2))
    except KeyboardInterrupt:
        sys.exit(_fail("\nStopped; the next run starts the set-up again.", 130))
    _run_again_with(python)


def ensure(bpy_version: str | None = None) -> Path:
    """Return the environment's Python, installing what is missing.

    Raises:
        SetupError: There is no Python 3.11, a system library is absent, the disk is
            full, or pip failed.
    """
    venv = _folder(bpy_version)
    fingerprint = _fingerprint(bpy_version)
    if _is_ready(venv, fingerprint):
        return _python_of(venv)
    with one_at_a_time(venv):
        if not _is_ready(venv, fingerprint):  # Another process may just have done it.
            _install(venv, bpy_version)
            _stamp(venv).write_text(fingerprint, encoding="utf-8")
    return _python_of(venv)


def pip_check() -> list[str]:
    """Return the command that proves the running environment's packages agree."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"]


def _folder(bpy_version: str | None) -> Path:
    return ROOT / (".venv-bpy-" + bpy_version if bpy_version else ".venv")


def _python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _stamp(venv: Path) -> Path:
    return venv / "requirements.stamp"


def _is_running(venv: Path) -> bool:
    return venv.is_dir() and Path(sys.prefix).resolve() == venv.resolve()


def _fingerprint(bpy_version: str | None) -> str:
    digest = hashlib.sha256(repr((PYTHON_VERSION, bpy_version)).encode())
    for name in REQUIREMENTS:
        digest.update((ROOT / "requirements" / name).read_bytes())
    return digest.hexdigest()


def _is_ready(venv: Path, fingerprint: str) -> bool:
    stamp = _stamp(venv)
    return (
        stamp.is_file()
        and stamp.read_text(encoding="utf-8") == fingerprint
        and _python_of(venv).exists()
    )


def _install(venv: Path, bpy_version: str | None) -> None:
    """Make the environment, or bring an older one up to date."""
    stamp = _stamp(venv)
    if not _python_of(venv).exists() or (
        # A package that pip was copying looks installed to the next pip: start over.
        stamp.is_file() and stamp.read_text(encoding="utf-8") == INTERRUPTED
    ):
        shutil.rmtree(str(venv), ignore_errors=True)
    is_new = not venv.is_dir()
    if is_new:
        _require_disk_space()
    venv.mkdir(exist_ok=True)
    stamp.write_text(INTERRUPTED, encoding="utf-8")
    log = venv / "install.log"

    verb = "Setting up" if is_new else "Updating"
    print(f"{verb} {venv.name} (once; later runs skip this)", flush=True)
    _ensure_system_libraries(log)
    python = _python_of(venv)
    if is_new:
        base = _find_python(log)
        _step("Making the environment", [base, "-m", "venv", str(venv)], log)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    what = f"bpy {bpy_version}" if bpy_version else "bpy, torch and the rest"
    packages = _packages(bpy_version)
    options = ["install", "--no-input", "--progress-bar", "off"]
    _step("Installing " + what, pip + options + packages, log)
    _step("Checking that they agree", [*pip, "check"], log)


def _packages(bpy_version: str | None) -> list[str]:
    folder = ROOT / "requirements"
    constraints = ["-c", str(folder / "constraints.txt")]
    if bpy_version:
        return ["bpy==" + bpy_version, "-r", str(folder / "base.txt"), *constraints]
    return ["-r", str(folder / "main.txt"), *constraints]


def _require_disk_space() -> None:
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    if free < DISK_NEEDED:
        raise SetupError(
            f"The disk of {ROOT} has {free:.1f} GB free and the packages need "
            f"{DISK_NEEDED:.0f} GB: make room and run this again."
        )


def _find_python(log: Path) -> str:
    """Return the path of a Python 3.11 that can make virtual environments."""
    found = next(filter(None, map(_probe, _candidates())), None)
    if found is None and _can_use_apt():
        with contextlib.suppress(SetupError):  # Newer systems do not offer it.
            _apt_install(["python3.11", "python3.11-venv"], log)
        found = _probe("python3.11")
    uv = shutil.which("uv")
    if found is None and uv:
        with contextlib.suppress(SetupError):  # It fetches from outside the index.
            _step("Fetching Python 3.11", [uv, "python", "install", "3.11"], log)
        found = _probe(_output([uv, "python", "find", "--system", "3.11"]))
    if found is None:
        raise SetupError(
            "No Python 3.11 with its venv module was found: install it (Debian and "
            "Ubuntu: apt install python3.11 python3.11-venv; elsewhere: uv python "
            "install 3.11, or the installer of python.org) and run this again."
        )
    return found


def _candidates() -> list[str]:
    """Return interpreters that may be a Python 3.11, the likeliest first."""
    # Every folder of the path: a version manager's shim may hide a real one.
    on_path = [shutil.which("python3.11", path=folder) for folder in os.get_exec_path()]
    found = [sys.executable, *on_path]
    if os.name == "nt":
        found.append(_output(["py", "-3.11", "-c", PROBE]))
    uv = shutil.which("uv")
    if uv:
        found.append(_output([uv, "python", "find", "--system", "3.11"]))
    return [path for path in found if path]


def _probe(python: str) -> str | None:
    """Return the path of the interpreter that `python` starts if it suits us."""
    return _output([python, "-c", PROBE]) or None


def _output(command: list[str]) -> str:
    """Return what a command prints, or nothing where it cannot be run."""
    try:
        answer = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return ""
    return answer.stdout.decode(errors="replace").strip()


def missing_libraries() -> list[str]:
    """Return Debian's package of each system library that cannot be loaded."""
    missing = []
    if sys.platform.startswith("linux"):
        for library, package in SYSTEM_LIBRARIES.items():
            try:
                ctypes.CDLL(library)
            except OSError:
                missing.append(package)
    return missing


def _ensure_system_libraries(log: Path) -> None:
    packages = missing_libraries()
    if packages and _can_use_apt():
        _apt_install(packages, log)
        packages = missing_libraries()
    if packages:
        raise SetupError(
            "System libraries that Blender needs are missing: install these, or what "
            "your system calls them, and run this again: sudo apt install "
            + " ".join(packages)
        )


def _can_use_apt() -> bool:
    return (
        sys.platform.startswith("linux")
        and os.geteuid() == 0
        and shutil.which("apt-get") is not None
    )


def _apt_install(packages: list[str], log: Path) -> None:
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    _step("Reading apt's package list", [*apt, "update"], log)
    command = [*apt, "install", "-y", "--no-install-recommends", *packages]
    _step("Installing " + " ".join(packages), command, log)


def _step(title: str, command: list[str], log: Path) -> None:
    """Run one command with its output in `log`, and show how long it takes.

    Raises:
        SetupError: The command failed; the message ends in the log's last lines.
    """
    started = time.monotonic()
    print(f"  {title} ...", end=" ", flush=True)
    with log.open("a", encoding="utf-8") as out:
        out.write("\n$ " + " ".join(command) + "\n")
        out.flush()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            while child.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=TICK)
                if sys.stdout.isatty():
                    seconds = time.monotonic() - started
                    print(f"\r  {title} ... {seconds:.0f} s", end=" ", flush=True)
        finally:
            if child.poll() is None:
                child.kill()
    if child.returncode:
        print("failed", flush=True)
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        raise SetupError(
            f"{title} failed; the whole story is in {log}, which ends:\n    "
            + "\n    ".join(tail)
        )
    if not sys.stdout.isatty():
        print(f"{time.monotonic() - started:.0f} s", end="", flush=True)
    print(flush=True)


@contextlib.contextmanager
def one_at_a_time(venv: Path):
    """Keep a second script from installing into the same environment meanwhile."""
    with venv.with_name(venv.name + ".lock").open("w", encoding="utf-8") as file:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fail(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


def _run_again_with(python: Path) -> None:
    command = [str(python), *sys.argv]
    if os.name == "nt":  # Windows' execv returns to the shell before we are done.
        sys.exit(subprocess.run(command, check=False).returncode)
    os.execv(command[0], command)
