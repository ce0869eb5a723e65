# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that people post in public, without whose machine they come from."""

import getpass
import os
import re
from pathlib import Path

_MIN_NAME = 3  # A shorter name would be found in innocent words.


def mask_home(text: str, home: Path | None = None, user: str | None = None) -> str:
    """Return a text in which the home folder is `~` and nobody's name is in a path.

    Args:
        text: Any text.
        home: The home folder; this user's by default.
        user: The user's name; this user's by default.
    """
    folder = home if home is not None else Path.home()
    name = user if user is not None else _user()
    for way in {str(folder), str(folder.resolve()), folder.as_posix()}:
        if len(way) > _MIN_NAME:  # "/" is the home folder of some services.
            flags = re.IGNORECASE if os.name == "nt" else 0
            text = re.sub(re.escape(way) + r"(?![\w.-])", "~", text, flags=flags)
    if len(name) >= _MIN_NAME:
        text = re.sub(rf"(?<=[/\\]){re.escape(name)}(?=[/\\]|$|\s)", "USER", text)
    return text


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # As Windows without its variables.
        return ""
