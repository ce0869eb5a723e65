# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that fetches a model from the hub, and says how much of it is here."""

import sys
import threading
from pathlib import Path

from .own_code import say, say_errors

_PERIOD = 0.3  # Between two words about it [s].


def main() -> None:
    say_errors(lambda: _fetch(model=sys.argv[1], folder=Path(sys.argv[2])))


def _fetch(model: str, folder: Path) -> None:
    from ..inference.hub_download import download

    total, is_over = [0], threading.Event()

    def tell() -> None:
        while not is_over.wait(_PERIOD):
            say(done=_size(folder), total=total[0])

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        download(model, folder, lambda size: total.__setitem__(0, size))
    finally:
        is_over.set()
        teller.join()
    say(done=total[0], total=total[0])


def _size(folder: Path) -> int:
    """Return the size of all in a folder, with what is not finished yet [bytes]."""
    sizes = 0
    for path in folder.rglob("*"):
        try:
            sizes += path.stat().st_size if path.is_file() else 0
        except OSError:  # The library just moved it.
            continue
    return sizes
