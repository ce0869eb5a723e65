# SPDX-License-Identifier: GPL-3.0-or-later
"""The mannequin's body: a shop-window figure with joints that show.

Rigid shells meet in dark sleeves that bend; a ball inside each sleeve keeps its
volume, so that no joint collapses. Every number is a length in metres.
"""

from dataclasses import replace

import numpy as np

from mannequin_limbs import arm, foot, hand, leg
from mannequin_profiles import BODY, up_trunk
from mannequin_skeleton import FORWARD
from mannequin_tube import (
    Array,
    Ball,
    Chain,
    Part,
    Tube,
    ellipsoid,
    smoothstep,
    sweep,
)


def body_parts() -> list[Part]:
    """Return every part of the body, middle ones first, then left and right."""
    left = [*arm(), *hand(), *leg(), *foot()]
    middle = [_pelvis(), _waist(), _chest(), _emblem(), _neck(), *head_parts()]
    # Only the left arm wears the armband: it tells left from right.
    right = [part.mirrored().repainted("accent", "body") for part in left]
    return middle + left + right


def _pelvis() -> Part:
    tube = Tube(*up_trunk(BODY["pelvis"]), FORWARD, 36, 14, (0.012, 0.0), 2.25)
    part = sweep("pelvis", tube, Chain(("hips",)))
    xyz = part.vertices.copy()
    high = smoothstep(0.95, 1.03, xyz[:, 2])
    xyz[:, 2] -= 0.022 * high * _frontness(xyz, 0.14)
    # The cleft between the buttocks.
    behind = smoothstep(0.03, 0.09, xyz[:, 1])
    cleft = np.exp(-((xyz[:, 0] / 0.016) ** 2) - ((xyz[:, 2] - 0.90) / 0.04) ** 2)
    xyz[:, 1] -= 0.016 * behind * cleft
    return part.moved(xyz)


def _waist() -> Part:
    tube = Tube(*up_trunk(BODY["waist"]), FORWARD, 28, 11, (0.02, 0.02), 2.2, "joint")
    chain = Chain(("hips", "spine", "chest"), (1.050, 1.150), (0.035, 0.035))
    return sweep("waist", tube, chain)


def _chest() -> Part:
    tube = Tube(*up_trunk(BODY["chest"]), FORWARD, 34, 22, (0.0, 0.0), 2.3)
    part = sweep("chest", tube, Chain(("chest", "upper_chest"), (1.290,), (0.07,)))
    xyz = part.vertices.copy()
    low = 1.0 - smoothstep(1.125, 1.22, xyz[:, 2])
    xyz[:, 2] += 0.045 * low * _frontness(xyz, 0.14) ** 1.5
    _add_muscles(xyz)
    raise_collar(xyz, 0.30)
    return with_clavicles(part.moved(xyz), lowest=1.33, outermost=0.135)


def _add_muscles(xyz: Array) -> None:
    x, y, z = xyz.T
    ahead = smoothstep(0.02, 0.07, -y)
    breast = np.exp(-(((np.abs(x) - 0.066) / 0.055) ** 2) - ((z - 1.325) / 0.05) ** 2)
    behind = smoothstep(0.04, 0.09, y)
    spine = np.exp(-((x / 0.02) ** 2)) * smoothstep(1.12, 1.20, z)
    blades = np.exp(-(((np.abs(x) - 0.075) / 0.045) ** 2) - ((z - 1.35) / 0.06) ** 2)
    xyz[:, 1] += -0.016 * ahead * breast
    xyz[:, 1] += behind * (0.010 * blades - 0.008 * spine * (z < 1.46))


def raise_collar(xyz: Array, slope: float) -> None:
    """Make the collar higher behind than in front."""
    xyz[:, 2] += slope * smoothstep(1.42, 1.49, xyz[:, 2]) * (xyz[:, 1] - 0.03)


def with_clavicles(part: Part, lowest: float, outermost: float) -> Part:
    """Let the upper corners of a chest or a shirt follow the shoulders.

    Args:
        part: What covers the chest.
        lowest: Height from which on it follows them [m].
        outermost: Distance from the middle where it follows them most [m].
    """
    x, _, z = part.vertices.T
    weights = part.weights
    lifted = smoothstep(lowest, 1.43, z)
    for bone, side in (("shoulder.L", x), ("shoulder.R", -x)):
        share = 0.85 * smoothstep(0.045, outermost, side) * lifted
        weights = {name: w * (1.0 - share) for name, w in weights.items()}
        weights[bone] = share
    return replace(part, weights=weights)


def _emblem() -> Part:
    """Return the plate on the breast that tells the front from the back."""
    ball = Ball(np.array([0.0, -0.0945, 1.355]), np.array([0.030, 0.006, 0.030]))
    plate = ellipsoid("emblem", ball, "upper_chest", "accent")
    xyz = plate.vertices.copy()
    xyz[:, 1] += 0.22 * (xyz[:, 2] - ball.center[2])
    return plate.moved(xyz)


def _neck() -> Part:
    tube = Tube(*up_trunk(BODY["neck"]), FORWARD, 20, 11, (0.01, 0.01), 2.0, "joint")
    chain = Chain(("upper_chest", "neck", "head"), (1.475, 1.552), (0.022, 0.030))
    return sweep("neck", tube, chain)


def _frontness(xyz: Array, half_width: float) -> Array:
    """Return 1 on the front's middle line, 0 at the sides and behind."""
    middle = np.clip(1.0 - (xyz[:, 0] / half_width) ** 2, 0.0, 1.0)
    return middle * smoothstep(0.0, 0.06, -xyz[:, 1])


HEAD_CENTER = np.array([0.0, -0.002, 1.642])
HEAD_RADII = np.array([0.077, 0.098, 0.110])
FACE_RINGS = 6  # So many rings around the front pole make the face.


def head_parts() -> list[Part]:
    """Return the head with its face, and the ears."""
    ball = Ball(HEAD_CENTER, HEAD_RADII, 25, 32)
    egg = ellipsoid("head", ball, "head", "body")
    rings = np.arange(len(egg.faces)) // ball.num_segments
    materials = ["accent" if ring <= FACE_RINGS else "body" for ring in rings]
    unit = (egg.vertices - HEAD_CENTER) / HEAD_RADII
    head = Part("head", _shape_head(unit), egg.faces, materials, egg.weights)
    ear = Ball(np.array([0.0765, 0.012, 1.640]), np.array([0.009, 0.019, 0.031]), 7, 12)
    left_ear = ellipsoid("ear.L", ear, "head", "body")
    return [head, left_ear, left_ear.mirrored()]


def _shape_head(unit: Array) -> Array:
    """Turn the unit sphere into a head."""
    y, z = unit[:, 1], unit[:, 2]
    down = np.clip(-z, 0.0, 1.0)
    front = np.clip(-y, 0.0, 1.0)
    xyz = HEAD_CENTER + unit * HEAD_RADII
    # The jaw narrows and comes forward, the nape draws in.
    xyz[:, 0] *= 1.0 - 0.26 * down**1.5
    xyz[:, 1] -= 0.018 * down**1.2
    xyz[:, 1] -= 0.050 * np.clip(y, 0.0, 1.0) * down
    xyz[:, 2] -= 0.012 * down * front
    # The face is flatter than an egg.
    flat = HEAD_CENTER[1] - 0.088
    ahead = np.clip(flat - xyz[:, 1], 0.0, None)
    xyz[:, 1] += 0.45 * ahead
    _add_face(xyz, front)
    return xyz


def _add_face(xyz: Array, front: Array) -> None:
    x, _, z = xyz.T
    facing = smoothstep(0.15, 0.5, front)

    def spot(center_x: float, center_z: float, width: float, height: float) -> Array:
        u = (np.abs(x) - center_x) / width
        v = (z - center_z) / height
        return facing * np.exp(-(u**2) - v**2)

    bridge = np.clip((1.675 - z) / 0.07, 0.0, 1.0) * (z > 1.585)
    xyz[:, 1] -= 0.020 * spot(0.0, 1.622, 0.013, 0.026) * (0.35 + 0.65 * bridge)
    xyz[:, 1] += 0.010 * spot(0.032, 1.648, 0.020, 0.016)  # Eyes.
    xyz[:, 1] -= 0.004 * spot(0.028, 1.680, 0.030, 0.012)  # Brows.
    xyz[:, 1] -= 0.004 * spot(0.0, 1.585, 0.020, 0.010)  # Lips.
    xyz[:, 1] -= 0.007 * spot(0.0, 1.548, 0.022, 0.014)  # Chin.
