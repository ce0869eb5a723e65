# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of what `evaluate_rigs.py` measured, in Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from rigs_clips import Clip
from rigs_figures import TWISTED, Figures
from rigs_ground import Ground
from rigs_hands import Hands
from rigs_maps import MapScore
from vitpose_blender.core.types import FloatArray

LIMB = 3.0  # A limb farther off the person's is worth a word [deg].


@dataclass
class Result:
    """All that was measured with one character.

    Attributes:
        name: Of the character.
        refusal: Why it could not be driven; empty if it was.
        num_bones: Of its armature.
        figures: Angles and faults.
        ground: Feet.
        hands: How near they come.
        named: Recognition with the bones' names.
        scrambled: Recognition without, once a seed.
        changes: What unbinding left different in the file.
    """

    name: str
    refusal: str = ""
    num_bones: int = 0
    figures: Figures = field(default_factory=Figures)
    ground: Ground = field(default_factory=Ground)
    hands: Hands | None = None
    named: MapScore | None = None
    scrambled: list[MapScore] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)


def following(results: Sequence[Result]) -> list[str]:
    """Return how exactly each character follows, a row a character."""
    lines = [
        "| character | limbs, median | 99 % | hips | chest | head | feet "
        "| bent wrong | exchanged | wrung | jumps | torn | unbound |",
        "| --- " + "| ---: " * 11 + "| --- |",
    ]
    for result in results:
        if result.refusal:
            lines.append(f"| {result.name} | " + "not driven | " + "| " * 11)
            continue
        figures = result.figures
        limbs = np.concatenate(figures.limbs)
        trunk = np.concatenate(figures.trunk)
        cells = [
            f"{np.nanmedian(limbs):.2f}°",
            f"{np.nanpercentile(limbs, 99):.2f}°",
            *(degrees(trunk[:, column]) for column in range(3)),
            degrees(np.concatenate(figures.feet)),
            *(str(count) for count in faults(figures, slice(None))),
            torn_frames(result.ground),
            f"{len(result.changes)} changes" if result.changes else "as before",
        ]
        lines.append(f"| {result.name} | " + " | ".join(cells) + " |")
    return lines


def torn_frames(ground: Ground) -> str:
    """Return the number of frames with a torn mesh as text; a dash without meshes."""
    return str(int(np.concatenate(ground.torn).sum())) if ground.torn else "-"


def degrees(angles: FloatArray) -> str:
    """Return the median of angles as text; a dash where there are none."""
    known = angles[np.isfinite(angles)]
    return f"{np.median(known):.1f}°" if len(known) else "-"


def faults(figures: Figures, clips: slice) -> list[int]:
    """Return the frames bent wrong, exchanged, wrung, and jumping, of some clips."""
    kinds = figures.wrong, figures.exchanged, figures.wrung, figures.jumps
    return [sum(int(clip.any(axis=1).sum()) for clip in kind[clips]) for kind in kinds]


def by_motion(results: Sequence[Result], clips: Sequence[Clip]) -> list[str]:
    """Return each character's limbs' 99th percentile by what the person does.

    Frames with a fault of any kind come behind it in brackets.
    """
    categories = list(dict.fromkeys(clip.category for clip in clips))
    titles = [category.split(" / ")[0] for category in categories]
    driven = [result for result in results if not result.refusal]
    lines = [
        "| character | " + " | ".join(titles) + " |",
        "| --- " + "| ---: " * len(titles) + "|",
    ]
    for result in driven:
        cells = []
        for category in categories:
            rows = [r for r, clip in enumerate(clips) if clip.category == category]
            limbs = np.concatenate([result.figures.limbs[row] for row in rows])
            count = sum(
                sum(faults(result.figures, slice(row, row + 1))) for row in rows
            )
            text = f"{np.nanpercentile(limbs, 99):.2f}°"
            cells.append(f"{text} ({count})" if count else text)
        lines.append(f"| {result.name} | " + " | ".join(cells) + " |")
    return lines


def recognition(results: Sequence[Result]) -> list[str]:
    """Return how many main roles got the right bone, a row a character."""
    lines = [
        "| character | bones | recognised as | roles right | names scrambled "
        "| wrong sides |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    all_named, all_scrambled = [], []
    for result in results:
        if result.named is None:
            continue
        all_named.append(result.named)
        all_scrambled += result.scrambled
        rig = result.named.rig or "refused"
        counts = map_counts([result.named], result.scrambled)
        lines.append(f"| {result.name} | {result.num_bones} | {rig} | {counts} |")
    lines.append(f"| **all** | | | {map_counts(all_named, all_scrambled)} |")
    return lines


def map_counts(named: Sequence[MapScore], scrambled: Sequence[MapScore]) -> str:
    """Return the cells that count right roles, with names and without."""
    right, total = sum(s.right for s in named), sum(s.total for s in named)
    share = sum(s.right for s in scrambled) / max(sum(s.total for s in scrambled), 1)
    refused = sum(not score.rig for score in scrambled)
    sure, unsure = (
        sum(s.wrong_sides for s in (*named, *scrambled) if s.is_sure == is_sure)
        for is_sure in (True, False)
    )
    note = f", {refused} refused" if refused else ""
    warned = f", {unsure} with a warning" if unsure else ""
    return f"{right}/{total} | {share:.1%}{note} | {sure}{warned}"


def feet(results: Sequence[Result]) -> list[str]:
    """Return how feet stand, in millimetres of an adult, a row a character."""
    lines = [
        "| character | legs | standing sole, median | 1 % to 99 % "
        "| lowest sole | lowest skin | slide a frame, 90 % | the person's |",
        "| --- " + "| ---: " * 7 + "|",
    ]
    for result in results:
        ground = result.ground
        if result.refusal or not ground.standing:
            continue
        standing = 1e3 * np.concatenate(ground.standing)
        slides, theirs = (
            1e3 * np.percentile(np.concatenate(steps), 90)
            for steps in (ground.slides, ground.person_slides)
        )
        low, middle, high = np.percentile(standing, [1, 50, 99])
        lowest, deepest = (
            1e3 * np.concatenate(heights).min()
            for heights in (ground.lowest, ground.body)
        )
        lines.append(
            f"| {result.name} | {ground.leg_length:.2f} m | {middle:.0f} mm "
            f"| {low:.0f} to {high:.0f} mm | {lowest:.0f} mm | {deepest:.0f} mm "
            f"| {slides:.1f} mm | {theirs:.1f} mm |"
        )
    return lines


def hands(results: Sequence[Result]) -> list[str]:
    """Return how near hands come when the person's touch, a row a character."""
    lines = [
        "| character | wrists, directions kept | hands meeting | arms then off, 99 % |",
        "| --- " + "| ---: " * 3 + "|",
    ]
    return lines + [
        f"| {result.name} | {1e3 * result.hands.apart:.0f} mm "
        f"| {1e3 * result.hands.meeting:.0f} mm | {result.hands.cost:.0f}° |"
        for result in results
        if result.hands is not None
    ]


def worst(results: Sequence[Result], clips: Sequence[Clip]) -> list[str]:
    """Return where each fault is: character, clip, frame, for whoever mends them."""
    lines = []
    for result in results:
        if result.refusal:
            lines.append(f"{result.name}: {result.refusal}")
            continue
        lines += [f"{result.name}, unbound: {change}" for change in result.changes[:5]]
        for row, clip in enumerate(clips):
            found = [*joint_faults(result.figures, row), *turn_faults(result, row)]
            if found:
                lines.append(f"{result.name}, {clip.name}: " + "; ".join(found[:8]))
    return lines


def joint_faults(figures: Figures, row: int) -> Iterator[str]:
    """Yield what is wrong with a clip's limbs, and in which frame."""
    for frame, joint in zip(*np.nonzero(figures.wrong[row])):
        yield f"bent wrong {figures.joints[joint]} at {frame}"
    for frame, part in zip(*np.nonzero(figures.exchanged[row])):
        yield f"exchanged {('arms', 'legs')[part]} at {frame}"
    for column, role in enumerate(TWISTED):
        if figures.wrung[row][:, column].any():
            frames = np.flatnonzero(figures.wrung[row][:, column])
            yield f"{role} wrung in {len(frames)} frames from {frames[0]}"
    limbs = np.nanmax(figures.limbs[row])
    if limbs > LIMB:
        yield f"a limb off by {limbs:.0f}°"


def turn_faults(result: Result, row: int) -> Iterator[str]:
    """Yield which bones of a clip jump in a frame, and when the mesh is torn."""
    figures = result.figures
    for frame, role in zip(*np.nonzero(figures.jumps[row])):
        turn = figures.twists[row][frame, role]
        yield f"{figures.roles[role]} turns {turn:.0f}° at {frame}"
    if result.ground.torn and result.ground.torn[row].any():
        torn = np.flatnonzero(result.ground.torn[row])
        yield f"torn in {len(torn)} frames from {torn[0]}"
