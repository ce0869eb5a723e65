# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the Doctor: what each finds out, and the way out where it is bad."""

import os
import platform
import shutil
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import SetupError, VitposeError
from ..data_files import PACKAGE
from .doctor import Check, Finding, plain
from .own_code import OwnPython
from .packages import NEEDS, probe, serves
from .plan import find_accelerator

_TRIAL_TIMEOUT = 180.0  # [s]
_CAMERA_TIMEOUT = 20.0  # [s]
_MAX_CAMERAS = 4
_SLOW = 0.2  # A picture that takes longer makes a live view that lags [s].
_DARK = 2.0  # Mean brightness of a picture through a closed lid, of 255.
_LITTLE_DISK = 2e9  # [bytes]
_INSTALL = "install the runtime in the extension's preferences"


@dataclass(frozen=True)
class Patient:
    """Who is examined, as the one who asks knows it.

    Attributes:
        own: The Python that runs the models.
        runtime: Where that Python comes from, for people.
        model: The pose model; a folder or an id of the hub.
        device: What it shall run on.
        facts: What is only told, by topic: versions, settings.
        folders: What is written to, by what it is for.
        online: Whether the network may be used; None where nobody says.
    """

    own: OwnPython
    runtime: str
    model: str
    device: str = "auto"
    facts: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    online: bool | None = None


def checks(patient: Patient) -> list[tuple[str, Check]]:
    """Return what is examined, in order."""
    return [
        ("system", lambda stop: _system(patient)),
        ("packages", lambda stop: _packages(patient, stop)),
        ("model", lambda stop: _model(patient, stop)),
        ("cameras", lambda stop: _cameras(patient, stop)),
        ("permissions", lambda stop: _permissions(patient)),
        ("folders", lambda stop: _folders(patient)),
    ]


def extension_version() -> str:
    """Return the version in the manifest, which lies where the data folders do."""
    return str(manifest().get("version", "unknown"))


def manifest() -> Mapping[str, object]:
    """Return what the manifest says; empty where there is none."""
    for folder in (PACKAGE, PACKAGE.parent):
        path = folder / "blender_manifest.toml"
        if path.is_file():
            return tomllib.loads(path.read_text("utf-8"))
    return {}


def _system(patient: Patient) -> Iterator[Finding]:
    yield plain("extension", extension_version())
    for topic, text in patient.facts.items():
        yield plain(topic, text)
    yield plain("system", f"{platform.platform()}, {os.cpu_count()} cores")
    yield plain("python", f"{platform.python_version()} ({sys.executable})")
    yield plain("models run in", f"{patient.runtime} ({patient.own.python})")
    yield plain("accelerator", find_accelerator())


def _packages(patient: Patient, stop: threading.Event) -> Iterator[Finding]:
    found = probe(patient.own.python, patient.own.paths, stop)
    for need in NEEDS:
        what = found[need.module]
        if serves(need, what):
            yield plain(need.module, what.version)
        elif what.error:
            yield Finding(need.module, "fail", what.error, _INSTALL)
        else:
            text = f"{what.version} is older than {need.at_least}"
            yield Finding(need.module, "fail", text, _INSTALL)


def _model(patient: Patient, stop: threading.Event) -> Iterator[Finding]:
    try:
        said = patient.own.run(
            "trial", [patient.model, patient.device], stop, timeout=_TRIAL_TIMEOUT
        )
    except SetupError as error:
        yield Finding("model", "fail", str(error), _INSTALL)
        return
    device = " ".join(filter(None, (said["device"], said["card"])))
    yield plain("model", f"{said['model']} on {device}, loaded in {said['load']:.1f} s")
    text = (
        f"a person takes {said['median'] * 1000:.0f} ms (the first "
        f"{said['first'] * 1000:.0f} ms), mean score {said['score']:.2f}"
    )
    slow = said["median"] > _SLOW
    way = "choose a smaller model, or a device that is faster" if slow else ""
    yield Finding("speed", "warn" if slow else "ok", text, way)


def _cameras(patient: Patient, stop: threading.Event) -> Iterator[Finding]:
    indices, unreadable = _camera_indices()
    for path in unreadable:
        way = (
            "add yourself to the group video: sudo usermod -aG video $USER, log in anew"
        )
        yield Finding("camera", "fail", f"{path} may not be opened by you", way)
    missed = 0
    for index in indices:
        finding = _camera(patient.own, index, stop)
        missed += finding.status != "ok"
        if finding.status == "fail" and sys.platform != "linux":
            continue  # There, nobody says which cameras exist: absent is no failure.
        yield finding
    if missed == len(indices) and not unreadable:
        yield Finding("cameras", "warn", "none was found", _no_camera())


def _camera_indices() -> tuple[list[int], list[Path]]:
    """Return the cameras to try, and those that this user may not open."""
    if sys.platform != "linux":
        return list(range(_MAX_CAMERAS)), []
    paths = sorted(Path("/dev").glob("video*"))
    names = [path for path in paths if _gives_pictures(path.name)]
    readable = [path for path in names if os.access(path, os.R_OK | os.W_OK)]
    indices = [int(path.name.removeprefix("video")) for path in readable]
    return indices[: 2 * _MAX_CAMERAS], [p for p in names if p not in readable]


def _gives_pictures(name: str) -> bool:
    """Whether a device is a camera; its later ones bring what is said of pictures."""
    index = Path("/sys/class/video4linux") / name / "index"
    return name.removeprefix("video").isdigit() and (
        not index.is_file() or index.read_text("ascii").strip() == "0"
    )


def _camera(own: OwnPython, index: int, stop: threading.Event) -> Finding:
    topic = f"camera {index}"
    try:
        said = own.run("camera_trial", [str(index)], stop, timeout=_CAMERA_TIMEOUT)
    except VitposeError as error:
        return Finding(topic, "fail", str(error))
    width, height = said["image_wh"]
    text = f"{width} x {height}, the first picture after {said['seconds']:.1f} s"
    if said["brightness"] < _DARK:
        return Finding(topic, "warn", text + ", black", "open its lid, make light")
    return plain(topic, text)


def _no_camera() -> str:
    way = "plug one in; a phone as a stream, or a video, does as well"
    if sys.platform == "darwin":
        way += ". macOS: allow Blender in System Settings, Privacy, Camera"
    if sys.platform == "win32":
        way += ". Windows: allow desktop apps in Settings, Privacy, Camera"
    return way


def _permissions(patient: Patient) -> Iterator[Finding]:
    asked = manifest().get("permissions", {})
    yield plain("permissions", ", ".join(asked) if isinstance(asked, dict) else "none")
    if patient.online is not None:
        text = "allowed" if patient.online else "not allowed: nothing is downloaded"
        yield plain("network", text)


def _folders(patient: Patient) -> Iterator[Finding]:
    for purpose, folder in patient.folders.items():
        there = next(p for p in (folder, *folder.parents) if p.exists())
        if not os.access(there, os.W_OK):
            way = "let it be writable, or choose another in the preferences"
            yield Finding(purpose, "fail", f"{folder} cannot be written", way)
            continue
        free = shutil.disk_usage(there).free
        text = f"{folder}, {free / 1e9:.1f} GB free"
        little = free < _LITTLE_DISK
        way = "make room: takes and models need it" if little else ""
        yield Finding(purpose, "warn" if little else "ok", text, way)
