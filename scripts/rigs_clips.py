# SPDX-License-Identifier: GPL-3.0-or-later
"""True motion capture as drivers of characters: which clips, and the person in them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rigs_person import (
    ROW,
    PersonFrames,
    neutral_trunk,
    person_frames,
    upright_frames,
)
from vitpose_blender.core.errors import SourceError
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.motion import Memory, WorldMotion
from vitpose_blender.core.person_measures import calibrated
from vitpose_blender.core.types import FloatArray

MAX_FRAMES = 150  # Of one clip: five seconds show what it is about.
STILL = 0.15  # A foot that stands is slower [m/s].
ANKLE = 0.1  # Its height over the floor [m].
_SAME_BUILD = 0.015  # Clips of one person do not differ by more in a bone [m].
_SAME_FLOOR = 0.06  # Feet that stand are not farther above the lowest place [m].
_FEET = CANONICAL.rows_of(["left_heel", "right_heel", "left_toe", "right_toe"])
_ANKLES = CANONICAL.rows_of(["left_ankle", "right_ankle"])


@dataclass(frozen=True, eq=False)
class Clip:
    """One piece of motion capture in Blender's axes.

    Attributes:
        name: Source and name of the clip.
        category: What the person does.
        motion: Joints about the pelvis, the way of the pelvis, the feet's clearance.
        world: Joints where they are, the floor at z = 0, shape `(F, 28, 3)` [m].
        frames: How the person's pelvis, chest and head are turned.
        standing: Joints of the same person standing upright at other times, shape
            `(N, 28, 3)` [m]; empty if there are none.
        fps: Rate [Hz].
    """

    name: str
    category: str
    motion: WorldMotion
    world: FloatArray
    frames: PersonFrames
    standing: FloatArray
    fps: float

    def __len__(self) -> int:
        return len(self.world)

    def memory(self, manner: str) -> Memory:
        """Return what is known of the person before: how they stand, as a rule.

        Args:
            manner: See `rigs_cast.Role`.
        """
        is_new = "unknown" in manner
        memory = Memory() if is_new else calibrated(still(self.standing))
        memory.leg_length = None  # Clips that share a person differ a little.
        memory.looks_ahead = "live" not in manner
        return memory


def still(world: FloatArray) -> WorldMotion:
    """Return moments of a person who does not move on."""
    pelvis, zeros = world[:, ROW["pelvis"]], np.zeros(len(world))
    return WorldMotion(
        np.arange(len(world), dtype=np.float64),
        world - pelvis[:, np.newaxis],
        np.zeros((len(world), 3)),
        zeros,
    )


class Library:
    """The folder of motion capture; each source is read once."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "index.json").is_file():
            raise SourceError(f"There is no motion capture in {folder}: give --shared")
        self._folder = folder
        self._sources: dict[str, dict[str, Any]] = {}
        self.records: list[dict[str, str]] = json.loads(
            (folder / "index.json").read_text(encoding="utf-8")
        )

    def varied(self, count: int) -> list[Clip]:
        """Return clips of as many categories as there are, the same ones every time."""
        by_category: dict[str, list[dict[str, str]]] = {}
        for record in self.records:
            by_category.setdefault(record["category"], []).append(record)
        rng = np.random.default_rng(0)
        queues = [list(rng.permutation(len(group))) for group in by_category.values()]
        chosen: list[Clip] = []
        while len(chosen) < count and any(queues):
            for group, queue in zip(by_category.values(), queues):
                if queue and len(chosen) < count:
                    chosen.append(self.clip(group[queue.pop()]))
        return chosen

    def find(self, source: str, name: str, start: int = 0) -> Clip:
        """Return the named clip from its frame `start` on."""
        for record in self.records:
            if (record["source"], record["clip"]) == (source, name):
                return self.clip(record, start)
        raise SourceError(f"There is no clip {name!r} in {source}")

    def clip(self, record: dict[str, str], start: int = 0) -> Clip:
        """Return the clip of a record of the index."""
        source = self._source(record["source"])
        row = source["clips"].index(record["clip"])
        first, end = source["starts"][row : row + 2]
        part = slice(first + start, min(end, first + start + MAX_FRAMES))
        fps = float(source["fps"][row])
        world, head = source["joints"][part], source["head"][part]
        pelvis = world[:, 17]
        motion = WorldMotion(
            np.arange(len(world)) / fps,
            world - pelvis[:, np.newaxis],
            pelvis - pelvis[0],
            _clearance(world, fps),
        )
        standing = self._standing(source, record["clip"])
        frames = person_frames(world, head, neutral_trunk(standing))
        name = f"{record['source']} {record['clip']}"
        return Clip(name, record["category"], motion, world, frames, standing, fps)

    def _standing(self, source: dict[str, Any], name: str) -> FloatArray:
        """Return moments at which the person of a clip stands upright in any clip."""
        rows = [r for r, clip in enumerate(source["clips"]) if who(clip) == who(name)]
        starts, joints = source["starts"], source["joints"]
        parts = [joints[starts[row] : starts[row + 1]] for row in rows]
        own = build(parts[rows.index(source["clips"].index(name))])
        like = [part for part in parts if np.abs(build(part) - own).max() < _SAME_BUILD]
        frames = np.concatenate(like)
        return frames[upright_frames(frames)]

    def _source(self, name: str) -> dict[str, Any]:
        if name not in self._sources:
            with np.load(self._folder / f"{name}.npz", allow_pickle=False) as data:
                joints = upright(np.concatenate([data["coco17"], data["extra"]], 1))
                self._sources[name] = {
                    "clips": data["clips"].tolist(),
                    "starts": data["starts"],
                    "fps": data["fps"],
                    "joints": joints,
                    "head": head_frames(data["head_frame"]),
                }
        return self._sources[name]


def who(clip: str) -> str:
    """Return who acts in a clip, as far as its name says: `005_20` is 005's take 20."""
    collection, _, take = clip.rpartition("__")
    match = re.match(r"(?:m\d+_)?(s?\d+)_", take)
    return f"{collection} {match[1] if match else ''}"


def build(world: FloatArray) -> FloatArray:
    """Return thigh, shank, hips, upper arm and lower spine of somebody, `(5,)` [m]."""
    pairs = (
        ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
        ("left_hip", "right_hip"), ("left_shoulder", "left_elbow"),
        ("pelvis", "spine"),
    )  # fmt: skip
    bones = [world[:, ROW[a]] - world[:, ROW[b]] for a, b in pairs]
    lengths: FloatArray = np.median(np.linalg.norm(bones, axis=-1), axis=1)
    return lengths


def upright(vectors: FloatArray) -> FloatArray:
    """Turn y-up vectors, shape `(..., 3)`, into Blender's z-up ones."""
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=np.float64), -1, 0)
    return np.stack([x, -z, y], axis=-1)


def head_frames(columns: FloatArray) -> FloatArray:
    """Return heads' frames left, back, up from y-up ones left, up, ahead."""
    left, up, ahead = upright(np.moveaxis(columns, -1, 0))
    return np.stack([left, -ahead, up], axis=-1)


def _clearance(world: FloatArray, fps: float) -> FloatArray:
    """Return how high the lowest foot is above where feet stand, shape `(F,)` [m]."""
    feet = world[:, _FEET]
    if not np.isfinite(feet).all():  # Some people of the data have no heels or toes.
        feet = world[:, _ANKLES]
    lowest = feet[..., 2].min(axis=1)
    speed = np.linalg.norm(np.gradient(feet, axis=0), axis=-1).min(axis=1) * fps
    stands = (speed < STILL) & (lowest < lowest.min() + _SAME_FLOOR)
    floor = np.median(lowest[stands]) if stands.any() else lowest.min()
    has_floor = lowest.min() < _SAME_FLOOR + ANKLE
    return np.maximum(lowest - (floor if has_floor else 0.0), 0.0)
