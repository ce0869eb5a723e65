# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny wheels under the names of the big ones: a package index in a folder."""

import base64
import hashlib
import zipfile
from pathlib import Path

VERSIONS = {
    "numpy": ("numpy", "1.26.4"),
    "opencv_python_headless": ("cv2", "4.11.0.86"),
    "pillow": ("PIL", "12.0.0"),
    "safetensors": ("safetensors", "0.8.0"),
    "torch": ("torch", "2.13.0"),
    "huggingface_hub": ("huggingface_hub", "2.4.0"),
    "transformers": ("transformers", "5.23.0"),
}


def make_wheel(
    folder: Path, name: str, module: str, version: str, body: str = ""
) -> Path:
    """Write a wheel whose module says its version, and does what `body` says."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{module}/__init__.py": f'__version__ = "{version}"\n{body}\n',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\n"
        f"Version: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{path},sha256={_hash(text)},{len(text)}" for path, text in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return path


def make_wheels(folder: Path, leave_out: str = "", **bodies: str) -> Path:
    """Fill a folder with all that is needed, but for one; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (module, version) in VERSIONS.items():
        if name != leave_out:
            make_wheel(folder, name, module, version, bodies.get(name, ""))
    return folder


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
