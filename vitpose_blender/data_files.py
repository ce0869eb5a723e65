# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the data folders are: beside the package's modules, or one level up."""

from pathlib import Path

from .core.errors import VitposeError

PACKAGE = Path(__file__).parent


def data_folder(name: str) -> Path:
    """Return the folder `name` that comes with the package, as `rigs` or `resources`.

    An installed extension holds its data inside the package; a checkout, one level up.

    Raises:
        VitposeError: Neither place has it.
    """
    for parent in (PACKAGE, PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name
    raise VitposeError(
        f"The folder {name!r} that comes with ViTPose is missing in {PACKAGE}: "
        "install it again"
    )
