# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how exactly characters follow true motion, after Blender evaluated the pose.

    python3 scripts/evaluate_rigs.py
    python3 scripts/evaluate_rigs.py --clips 40 --write
    python3 scripts/evaluate_rigs.py hero.glb villain.fbx

Motion capture takes the place of the lifter, so only rig maps, retargeting, IK and
baking are measured. A limb's error is the angle between the person's limb and the line
from one bone's head to the next one's.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _document
import _environment

if TYPE_CHECKING:
    from bpy.types import Object

    from vitpose_blender.core.motion import CharacterMotion, WorldMotion
    from vitpose_blender.core.rig_rest import RigRest
    from vitpose_blender.core.types import FloatArray

DOCUMENT = _environment.ROOT / "docs" / "rigs.md"
MAX_FRAMES = 150  # Of one clip: five seconds show what it is about.
SEGMENTS = ("shoulder elbow wrist", "hip knee ankle")
BONES = ("upper_arm forearm hand", "thigh shin foot")


@dataclass(frozen=True)
class Row:
    """What one character did.

    Attributes:
        name: Of its file.
        family: Of its rig map.
        median: Error of a limb [deg].
        worst: Its 99th percentile [deg].
        num_frames: Of all clips together.
    """

    name: str
    family: str
    median: float
    worst: float
    num_frames: int


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument(
        "characters",
        nargs="*",
        type=Path,
        help="by default the mannequin and the characters of the shared data",
    )
    parser.add_argument("--clips", type=int, default=12, help="default %(default)s")
    _document.add_options(parser, DOCUMENT)
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    """Measure every character; returns the exit code."""
    from vitpose_blender.core.errors import RigError, SourceError

    folder = arguments.shared / "data" / "mocap"
    if not folder.is_dir():
        raise SourceError(f"There is no motion capture in {folder}: give --shared")
    clips = list(true_motion(folder, arguments.clips))
    rows: list[Row] = []
    unknown: list[str] = []
    for path in arguments.characters or default_characters(arguments.shared):
        try:
            rows.append(measure(path, clips))
        except RigError:
            unknown.append(path.stem)
    lines = table(rows, unknown)
    print("\n".join(lines))
    if arguments.write:
        _document.write_table(DOCUMENT, "rigs", lines)
    return 0


def default_characters(shared: Path) -> list[Path]:
    """Return the mannequin and the human characters of the shared data."""
    mannequin = _environment.ROOT / "resources" / "characters" / "mannequin.glb"
    return [mannequin, *sorted((shared / "data/rigs/mpfb2_glb").glob("*.glb"))]


def true_motion(folder: Path, count: int) -> "Iterator[WorldMotion]":
    """Yield clips of as many categories as there are, the same ones every time."""
    import numpy as np

    records = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    by_category: dict[str, list[dict[str, str]]] = {}
    for record in records:
        by_category.setdefault(record["category"], []).append(record)
    rng = np.random.default_rng(0)
    queues = [list(rng.permutation(len(group))) for group in by_category.values()]
    chosen = []
    while len(chosen) < count and any(queues):
        for group, queue in zip(by_category.values(), queues):
            if queue and len(chosen) < count:
                chosen.append(group[queue.pop()])
    for record in chosen:
        yield load_clip(folder, record["source"], record["clip"])


def load_clip(folder: Path, source: str, clip: str) -> "WorldMotion":
    """Return one motion capture clip in Blender's axes."""
    import numpy as np

    from vitpose_blender.core.motion import WorldMotion
    from vitpose_blender.core.skeleton_fit import foot_clearance

    with np.load(folder / f"{source}.npz", allow_pickle=False) as data:
        row = data["clips"].tolist().index(clip)
        start, end = data["starts"][row : row + 2]
        part = slice(start, min(end, start + MAX_FRAMES))
        joints = np.concatenate([data["coco17"][part], data["extra"][part]], axis=1)
        times = np.arange(len(joints)) / float(data["fps"][row])
    x, y, z = np.moveaxis(joints.astype(np.float64), -1, 0)
    xyz = np.stack([x, -z, y], axis=-1)
    pelvis = xyz[:, 17]
    return WorldMotion(
        times, xyz - pelvis[:, np.newaxis], pelvis - pelvis[0],
        np.nan_to_num(foot_clearance(xyz, times)),
    )  # fmt: skip


def measure(path: Path, clips: "list[WorldMotion]") -> Row:
    """Drive one character through all clips.

    Raises:
        RigError: No rig map fits it.
    """
    import numpy as np

    from vitpose_blender.blender import binding, character, load, rig_choice
    from vitpose_blender.core.retarget import retarget

    load.open_empty_scene()
    armature = load.load_character(path)
    rest = character.read_rig_rest(armature)
    binding.ensure_binding(armature, rest)
    progress = _cli.Progress(path.stem, sum(len(clip.times) for clip in clips))
    errors, done = [], 0
    for clip in clips:
        motion = retarget(clip, rest)
        for frame in range(len(motion)):
            heads = evaluated_heads(armature, rest, motion, frame)
            errors.append(limb_errors(heads, rest, clip.xyz[frame] @ rest.facing.T))
        done += len(motion)
        progress.step(done)
    progress.finish()
    angles = np.array(errors)
    return Row(
        path.stem,
        rig_choice.choose_rig(armature).rig,
        float(np.nanmedian(angles)),
        float(np.nanpercentile(angles, 99)),
        len(angles),
    )


def evaluated_heads(
    armature: "Object", rest: "RigRest", motion: "CharacterMotion", frame: int
) -> "FloatArray":
    """Return where Blender puts the driven bones' heads, shape `(D, 3)` [m]."""
    import bpy
    import numpy as np

    from vitpose_blender.blender import access, binding

    binding.move_targets(armature, motion.pose(frame))
    access.view_layer().update()
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    bones = access.pose_bones(evaluated)
    world = evaluated.matrix_world
    return np.array([world @ bones[name].head for name in rest.names])


def limb_errors(heads: "FloatArray", rest: "RigRest", person: "FloatArray") -> list:
    """Return the angle of each limb's two bones to the person's [deg]."""
    import numpy as np

    from vitpose_blender.core.layouts import CANONICAL

    errors = []
    for side in ("left", "right"):
        for joints, bones in zip(SEGMENTS, BONES):
            rows = CANONICAL.rows_of([f"{side}_{name}" for name in joints.split()])
            roles = [f"{side}_{name}" for name in bones.split()]
            wanted = np.diff(person[rows], axis=0)
            made = np.diff([heads[rest.index[role]] for role in roles], axis=0)
            cross = np.linalg.norm(np.cross(wanted, made), axis=1)
            errors += np.degrees(np.arctan2(cross, (wanted * made).sum(1))).tolist()
    return errors


def table(rows: list[Row], unknown: list[str]) -> list[str]:
    """Return the figures as a Markdown table."""
    lines = [
        "| character | rig map | limb angle, median | 99th percentile | frames |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.name} | {row.family} | {row.median:.3f} deg | {row.worst:.3f} deg "
        f"| {row.num_frames} |"
        for row in rows
    ]
    return lines + [f"| {name} | none yet | | | |" for name in unknown]


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
