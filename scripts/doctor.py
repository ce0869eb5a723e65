# SPDX-License-Identifier: GPL-3.0-or-later
"""Examine this machine: what works, what does not, and the way out.

Tries the packages, the pose model and the cameras, each in a process of its own, and
writes a report that holds neither your name nor your home folder. The extension's
preferences have the same as a button.
"""

import _environment

if __name__ == "__main__":
    _environment.activate()

import argparse
import importlib.metadata
import os
import sys
import threading
from pathlib import Path

import _cli


def patient_of(model: str, device: str):
    """Return whom to examine: the Python that runs the scripts."""
    from vitpose_blender.inference.weights import default_model
    from vitpose_blender.runtime.doctor_checks import Patient
    from vitpose_blender.runtime.own_code import OwnPython

    return Patient(
        own=OwnPython(sys.executable),
        runtime="the scripts' environment",
        model=model or default_model(allow_download=False),
        device=device,
        facts={"blender": f"{_bpy_version()} (the bpy wheel)"},
        folders={"takes": Path.cwd()},
    )


def _bpy_version() -> str:
    try:
        return importlib.metadata.version("bpy")
    except importlib.metadata.PackageNotFoundError:
        return "none"


def parse_arguments() -> argparse.Namespace:
    parser = _cli.ArgumentParser(__doc__)
    parser.add_argument("--json", action="store_true", help="write it for programs")
    parser.add_argument(
        "--model",
        default=os.environ.get("VITPOSE_MODEL", ""),
        help="a folder, or an id of the hub; default: the best that is here",
    )
    parser.add_argument(
        "--device",
        default=os.environ.get("VITPOSE_DEVICE", "auto"),
        help="auto, cpu, cuda or mps; default %(default)s",
    )
    return parser.parse_args()


def main(options: argparse.Namespace) -> int:
    """Examine, write the report, and return 2 where something fails."""
    from vitpose_blender.runtime.doctor import examine
    from vitpose_blender.runtime.doctor_checks import checks

    patient = patient_of(options.model, options.device)

    def tell(progress) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{progress.text}", end="", file=sys.stderr, flush=True)

    diagnosis = examine(checks(patient), tell, threading.Event())
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(diagnosis.to_json() if options.json else diagnosis.text(), end="")
    return _cli.BAD_INPUT if diagnosis.worst == "fail" else 0


if __name__ == "__main__":
    arguments = parse_arguments()
    _cli.run(lambda: main(arguments))
