# SPDX-License-Identifier: GPL-3.0-or-later
"""Which characters are judged: given files, or all that there are."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import bpy

import _environment
from rigs_subject import Subject, hide_meshes, open_subject
from tests import rig_truth
from vitpose_blender.blender import access, load
from vitpose_blender.core.errors import CharacterError

_GENERATOR = _environment.ROOT / "tests" / "blender" / "generate_rigify.py"


@dataclass(frozen=True)
class Role:
    """One character that is judged.

    Attributes:
        name: What tables call it.
        open: Loads it into an empty scene.
        has_known_map: Whether the roles' bones in the truth are those to be found; a
            generated rig is moved by other bones than those that show its pose.
        manner: `baked`, or `live`, which cannot look ahead; with `unknown` the person
            was never seen standing upright.
    """

    name: str
    open: Callable[[], Subject]
    has_known_map: bool = True
    manner: str = "baked"


def given(paths: Sequence[Path]) -> Iterator[Role]:
    """Yield the given files; their names must be those of known ones.

    Raises:
        CharacterError: Nobody wrote down which bone of a file plays which role.
    """
    known = {Path(name).name: truth for name, truth in rig_truth.FILES.items()}
    for path in paths:
        if path.name not in known:
            raise CharacterError(
                f"{path.name} has no true roles in tests/rig_truth.py: write them "
                f"there; it knows {', '.join(sorted(known))}"
            )
        yield _file(path, known[path.name])


def default(shared: Path, folder: Path) -> Iterator[Role]:
    """Yield every character there is; `folder` takes what Rigify makes."""
    for name, truth in rig_truth.FILES.items():
        at_home = _environment.ROOT / "resources" / "characters" / name
        path = at_home if at_home.is_file() else shared / "data" / "rigs" / name
        if path.is_file():
            yield _file(path, truth)
        if at_home.is_file():
            again = Role(path.stem, partial(open_subject, path, truth), False)
            yield replace(again, name=f"{path.stem}, live", manner="live")
            new = f"{path.stem}, never seen standing"
            yield replace(again, name=new, manner="unknown")
            yield replace(again, name=f"{new}, live", manner="unknown live")
    if make_rigify(folder):
        for name, (kind, item, truth) in rig_truth.RIGIFY_MADE.items():
            path = folder / f"{kind}.blend"
            yield Role(
                name,
                partial(append_subject, path, item, truth, name),
                has_known_map=item == "metarig",
            )


def _file(path: Path, truth: dict[str, str]) -> Role:
    return Role(path.stem, partial(open_subject, path, truth))


def make_rigify(folder: Path) -> bool:
    """Let Blender's own Rigify make a human in another process."""
    command = [sys.executable, str(_GENERATOR), str(folder), "human-faceless"]
    done = subprocess.run(command, check=False, capture_output=True)
    return done.returncode == 0


def append_subject(path: Path, item: str, truth: dict[str, str], name: str) -> Subject:
    """Put an armature saved in a library into an empty scene."""
    load.open_empty_scene()
    with bpy.data.libraries.load(str(path)) as (_, wanted):
        wanted.objects = [item]
    armature = wanted.objects[0]
    access.scene().collection.objects.link(armature)
    access.view_layer().update()
    hide_meshes()
    return Subject(name, armature, truth)
