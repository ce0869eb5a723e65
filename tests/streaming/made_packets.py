# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets made by code: simple ones for order, wild ones for the wire."""

import numpy as np

from vitpose_blender.core.layouts import CANONICAL, COCO17, LAYOUTS
from vitpose_blender.core.packet import MAX_PIXEL, Packet, dumps
from vitpose_blender.core.types import Joints3D, Keypoints2D

HOST = "192.0.2.1"


def at(t: float, person: int = 1, source: str = "clip") -> Packet:
    """Return the packet of somebody who does not move."""
    keypoints = Keypoints2D(np.full((len(COCO17), 2), 9.0), np.ones(len(COCO17)), t)
    return Packet(keypoints, person, round(30 * t), (1280, 720), source=source)


def wild(rng: np.random.Generator) -> Packet:
    """Return a packet of any layout, with anything missing, rounded as on the wire."""
    layout = list(LAYOUTS.values())[rng.integers(len(LAYOUTS))]
    t = round(float(rng.uniform(-1e6, 1e6)), 6)
    xy = np.round(rng.uniform(-MAX_PIXEL, MAX_PIXEL, (len(layout), 2)), 2)
    xy[rng.random(len(layout)) < 0.3] = np.nan
    score = np.round(rng.random(len(layout)), 4)
    return Packet(
        Keypoints2D(xy, score, t, layout.id),
        person=int(rng.integers(1, 10**9)),
        frame=int(rng.integers(0, 10**9)),
        image_wh=tuple(rng.integers(1, 8000, 2).tolist()),
        joints=_wild_joints(rng, t),
        fov=float(rng.uniform(1, 170)),
        box=tuple(np.round(rng.uniform(-99, 9999, 4), 2).tolist()),
        model="".join(map(chr, rng.integers(0, 0xD7FF, 20))) + "\udc80",
        source="clip \N{FILM FRAMES}.mp4",
    )


def _wild_joints(rng: np.random.Generator, t: float) -> Joints3D | None:
    if rng.random() < 0.2:
        return None
    xyz = np.round(rng.normal(size=(len(CANONICAL), 3)), 4)
    xyz[1:][rng.random(len(CANONICAL) - 1) < 0.3] = np.nan
    known = np.isfinite(xyz).all(axis=1).astype(float)
    root = np.round(rng.normal(size=3), 4) if rng.random() < 0.8 else np.full(3, np.nan)
    return Joints3D(xyz, root, known, t)


def assert_same(one: Packet, other: Packet) -> None:
    """Fail unless two packets agree in every bit of every field."""
    assert dumps(one) == dumps(other)
    for name in ("person", "frame", "image_wh", "fov", "box", "model", "source", "t"):
        assert getattr(one, name) == getattr(other, name), name
    np.testing.assert_array_equal(one.keypoints.xy, other.keypoints.xy)
    np.testing.assert_array_equal(one.keypoints.score, other.keypoints.score)
    assert one.keypoints.layout == other.keypoints.layout
    assert (one.joints is None) == (other.joints is None)
    if one.joints is not None and other.joints is not None:
        np.testing.assert_array_equal(one.joints.xyz, other.joints.xyz)
        np.testing.assert_array_equal(one.joints.root, other.joints.root)
        np.testing.assert_array_equal(one.joints.score, other.joints.score)
