# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evaluations have in common: their test data, and tables in documents."""

import argparse
from collections.abc import Iterable
from pathlib import Path

import _environment


def add_shared(parser: argparse.ArgumentParser) -> None:
    """Add --shared, where the test data are."""
    parser.add_argument(
        "--shared",
        type=Path,
        default=_environment.ROOT.parent / "shared",
        help="folder of the shared test data; default %(default)s",
    )


def add_options(parser: argparse.ArgumentParser, document: Path) -> None:
    """Add --shared, and --write, which updates a document."""
    add_shared(parser)
    parser.add_argument("--write", action="store_true", help=f"update {document.name}")


def has_data(shared: Path) -> bool:
    """Return whether the test data are there; tell whoever waits for figures if not."""
    is_there = (shared / "data").is_dir()
    if not is_there:
        print(
            f"Nothing was measured: there is no test data in {shared}; give its folder "
            "with --shared"
        )
    return is_there


def write_table(document: Path, name: str, lines: Iterable[str]) -> None:
    """Replace what stands between a table's two markers, comments that name it."""
    text = document.read_text(encoding="utf-8")
    before, start, rest = text.partition(f"<!-- table {name} -->")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    if not (start and end):
        raise ValueError(f"{document} has no place for the table {name}")
    text = "\n".join([before + start, "", *lines, "", end + after])
    document.write_text(text, encoding="utf-8", newline="\n")
