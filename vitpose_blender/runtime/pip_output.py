# SPDX-License-Identifier: GPL-3.0-or-later
"""What pip's lines say: how far it is, and why it failed."""

import re
from collections.abc import Sequence

from ..core.errors import SetupError
from .job import Progress

_UNITS = {"bytes": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}
_DOWNLOADING = re.compile(r"Downloading (\S+?)(?: \(([\d.]+) (\w+)\))?$")
_AT_HAND = re.compile(r"(?:Processing|Using cached) (\S+)(?: \(([\d.]+) (\w+)\))?")
_LOOKING = re.compile(r"Collecting ([\w.-]+)")
_RAW = re.compile(r"Progress (\d+) of (\d+)$")  # Of `--progress-bar raw`.
_INSTALLING = "Installing collected packages: "
_ASKED, _FETCHED = 0.05, 0.7  # Shares of the whole, before and after fetching.


class PipProgress:
    """Turns pip's lines into progress.

    Args:
        expected: Size of all that will be fetched, roughly [bytes].
    """

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._finished = 0.0  # Of the files before [bytes].
        self._name, self._size = "", 0.0

    def read(self, line: str) -> Progress | None:
        """Return what a line says; None where it says nothing of progress."""
        text = line.strip()
        if match := _RAW.match(text):
            return self._downloading(float(match[1]), float(match[2]))
        if match := _DOWNLOADING.match(text):
            return self._begin(match[1], _bytes(match[2], match[3]))
        if match := _AT_HAND.match(text):
            return self._take(match[1], _bytes(match[2], match[3]))
        if match := _LOOKING.match(text):
            return Progress(f"Looking for {match[1]}", self._share(self._size))
        if text.startswith(_INSTALLING):
            count = text.count(",") + 1
            return Progress(
                f"Unpacking {count} packages, takes a minute or two", _FETCHED
            )
        return None

    def _take(self, file: str, size: float) -> Progress | None:
        if file.endswith(".metadata"):
            return None
        self._finished += self._size
        self._name, self._size = _package(file), size
        return Progress(f"{self._name} is here already", self._share(size))

    def _begin(self, file: str, size: float) -> Progress | None:
        if file.endswith(".metadata"):
            return None
        self._finished += self._size
        self._name, self._size = _package(file), size
        return self._downloading(0.0, size)

    def _downloading(self, done: float, size: float) -> Progress:
        self._size = max(size, self._size)
        sizes = f"{done / 1e6:.0f} of {self._size / 1e6:.0f} MB"
        return Progress(f"Downloading {self._name}, {sizes}", self._share(done))

    def _share(self, done: float) -> float:
        fetched = min((self._finished + done) / max(self._expected, 1), 1.0)
        return _ASKED + (_FETCHED - _ASKED) * fetched


def _bytes(number: str | None, unit: str | None) -> float:
    return float(number) * _UNITS.get(unit or "", 1.0) if number else 0.0


def _package(file: str) -> str:
    """Return the package of a wheel's file name or address."""
    return file.rsplit("/", 1)[-1].split("-", 1)[0]


# The first whose text occurs in the output says why pip failed.
_REASONS = (
    (
        r"No space left on device|Errno 28|WinError 112",
        "The disk is full: make room on the disk of the folder {folder}, then go on",
    ),
    (
        r"ProxyError|Tunnel connection failed|407 Proxy",
        "The proxy refuses the connection: set HTTPS_PROXY to the right address before "
        "Blender starts, or choose a wheels folder",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        "The package index has a certificate that is not trusted, as behind some "
        "companies' firewalls: set PIP_CERT to your company's certificates before "
        "Blender starts, or choose a wheels folder",
    ),
    (
        r"name resolution|getaddrinfo failed|nodename nor servname|Name or service "
        r"not known|Failed to resolve|NewConnectionError|Network is unreachable|"
        r"Connection refused|timed out|ConnectionResetError|IncompleteRead",
        "The package index does not answer: check the network and go on, what was "
        "fetched is kept; or choose a wheels folder",
    ),
    (
        r"Permission denied|Errno 13|WinError 5\b|WinError 32\b",
        "A file in {folder} cannot be written: close what uses it, stop the capture, "
        "then go on",
    ),
    (
        r"ensurepip is not available|No module named ensurepip|No module named venv",
        "Blender's Python cannot make environments: install its venv module (Debian "
        "and Ubuntu: sudo apt install python3-venv), then go on",
    ),
)
_NO_MATCH = re.compile(r"No matching distribution found for (\S+)")


def failure(
    title: str, lines: Sequence[str], folder: str, wheels: str = ""
) -> SetupError:
    """Return why a step failed, in a sentence that says the way out.

    Args:
        title: What was being done.
        lines: What it wrote.
        folder: Where the environment is made.
        wheels: The folder of wheels it was made from; empty for an index.
    """
    text = "\n".join(lines)
    for pattern, sentence in _REASONS:
        if re.search(pattern, text):
            return SetupError(sentence.format(folder=folder))
    if match := _NO_MATCH.search(text):
        return SetupError(_no_match(match[1], wheels))
    errors = [line for line in lines if line.lower().startswith("error")]
    said = (errors or [line for line in lines if line.strip()] or ["it says nothing"])[
        -1
    ]
    return SetupError(f"{title} failed ({said.strip()}): the log says more")


def _no_match(requirement: str, wheels: str) -> str:
    if wheels:
        return (
            f"The wheels folder {wheels} has no {requirement} for this Python and "
            "system: fill it anew, as the README says under Installing without a "
            "network"
        )
    return (
        f"The package index has no {requirement} for this Python and system: update "
        "the extension, or choose a wheels folder that has it"
    )
