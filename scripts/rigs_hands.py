# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that meet: how far a character's are apart when the person's touch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rigs_clips import Clip, Library
from rigs_figures import LIMBS, ROW, limb_angles
from rigs_posed import Posed
from rigs_subject import Subject
from vitpose_blender.core.rig_rest import RigRest
from vitpose_blender.core.types import BoolArray, FloatArray

CLIPS = (
    ("mesh2motion", "base__Pistol_Idle_Loop"),
    ("mesh2motion", "base__Pistol_Reload"),
    ("cmu_iclone", "002_09"),
    ("deepmimic", "spin"),
)
_TOUCHING = 0.45  # Wrists nearer than this share of a forearm are of hands that touch.
_FOREARM = 0.25  # Of an adult [m].
_ARMS = [column for column, role in enumerate(LIMBS) if "arm" in role]


@dataclass(frozen=True)
class Hands:
    """How near hands come, of an adult's size.

    Attributes:
        apart: Median difference to the person's distance of the wrists, directions of
            the arms kept [m].
        meeting: The same with the option that lets hands meet [m].
        cost: How far the arms are then off the person's, 99th percentile [deg].
    """

    apart: float
    meeting: float
    cost: float


def touching_clips(library: Library) -> list[Clip]:
    """Return clips in which hands touch."""
    return [library.find(source, name) for source, name in CLIPS]


def measure_hands(subject: Subject, rest: RigRest, clips: Sequence[Clip]) -> Hands:
    """Drive a bound character through clips in which hands touch."""
    gaps: dict[bool, list[FloatArray]] = {False: [], True: []}
    costs = []
    for clip in clips:
        touching = is_touching(clip)
        for meets, kind in gaps.items():
            posed = subject.drive(clip, rest, clip.memory("baked"), hands_meet=meets)
            kind.append(gap(posed, clip)[touching])
        costs.append(limb_angles(subject.build, posed, clip)[touching][:, _ARMS])
    apart, meeting = (float(np.median(np.concatenate(gaps[m]))) for m in gaps)
    return Hands(apart, meeting, float(np.percentile(np.concatenate(costs), 99)))


def is_touching(clip: Clip) -> BoolArray:
    """Return in which frames the person's hands touch."""
    touching: BoolArray = person_distance(clip) < _TOUCHING
    return touching


def person_distance(clip: Clip) -> FloatArray:
    """Return how far the person's wrists are apart, in forearms, shape `(F,)`."""
    wrists = clip.world[:, ROW["left_wrist"]] - clip.world[:, ROW["right_wrist"]]
    arm = clip.world[:, ROW["left_wrist"]] - clip.world[:, ROW["left_elbow"]]
    return np.linalg.norm(wrists, axis=-1) / np.median(np.linalg.norm(arm, axis=-1))


def gap(posed: Posed, clip: Clip) -> FloatArray:
    """Return how much more or less the character's wrists are apart, `(F,)` [m]."""
    left, right = posed.ends["left_forearm"], posed.ends["right_forearm"]
    forearm = np.linalg.norm(left - posed.heads["left_forearm"], axis=-1)
    apart = np.linalg.norm(left - right, axis=-1) / forearm
    return np.abs(apart - person_distance(clip)) * _FOREARM
