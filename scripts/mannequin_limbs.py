# SPDX-License-Identifier: GPL-3.0-or-later
"""The mannequin's left arm, hand, leg and foot; the right ones are mirror images."""

import numpy as np

from mannequin_profiles import BODY, from_joint
from mannequin_skeleton import (
    ANKLE,
    BALL_OF_FOOT,
    ELBOW,
    FINGERS,
    FORWARD,
    HIP,
    KNEE,
    SHOULDER,
    TOE_TIP,
    UP,
    WRIST,
    Vector,
    finger_joints,
    hand_frame,
    thumb_joints,
)
from mannequin_tube import (
    Array,
    Ball,
    Band,
    Chain,
    Part,
    Tube,
    ellipsoid,
    path_through,
    sweep,
)


def arm() -> list[Part]:
    # The path starts level, so that the rim of the shell stands upright.
    start = SHOULDER + np.array([-0.026, -0.001, 0.010])
    frame = hand_frame()
    path = path_through(start, SHOULDER, ELBOW, WRIST, frame.point((0.03, 0, 0)))
    s0, elbow, wrist = path[1, 0], path[2, 0], path[3, 0]
    bands = (
        Band(s0 + 0.125, s0 + 0.150, "accent", 0.0),
        Band(elbow - 0.027, elbow + 0.027),
        Band(wrist - 0.012, wrist + 0.05),
    )
    chain = Chain(
        ("upper_arm.L", "forearm.L", "hand.L"), (elbow, wrist), (0.025, 0.013)
    )
    keys = from_joint(s0, BODY["arm"])
    tube = Tube(path, keys, FORWARD, 18, 26, (-0.01, 0.0), 2.0, "body", bands)
    return [
        sweep("arm.L", tube, chain),
        ellipsoid("shoulder.L", _ball(SHOULDER - [0.012, 0, 0], 0.0465), "shoulder.L"),
        ellipsoid("elbow.L", _ball(ELBOW, 0.0345), "upper_arm.L"),
    ]


def _ball(center: Vector, radius: float) -> Ball:
    return Ball(center, np.full(3, radius), 8, 14)


def hand() -> list[Part]:
    frame = hand_frame()
    along = [-0.004, 0.03, 0.06, 0.09, 0.10]
    across = [0.0, 0.0, -0.003, -0.005, -0.005]
    points = [frame.point((a, b, 0.0)) for a, b in zip(along, across)]
    path = np.column_stack([along, points])
    palm = Tube(path, BODY["palm"], frame.thumbward, 20, 11, (0.006, 0.008), 2.6)
    parts = [sweep("palm.L", palm, Chain(("hand.L",)))]
    parts += [
        _finger(finger, finger_joints(finger), radius, 0.014)
        for finger, radius in zip(FINGERS, (0.0097, 0.0100, 0.0095, 0.0085))
    ]
    return [*parts, _finger("thumb", thumb_joints(), 0.0128, 0.012)]


def _finger(finger: str, joints: Vector, radius: float, root: float) -> Part:
    inside = joints[0] - root * _unit(joints[1] - joints[0])
    path = path_through(inside, *joints)
    s = path[1:, 0]
    tip = s[3] - 0.7 * radius
    keys = np.array(
        [
            (0.0, radius, radius, radius),
            (s[0], radius, radius, radius),
            ((s[0] + s[1]) / 2, 0.93 * radius, 0.95 * radius, 0.92 * radius),
            (s[1], 0.93 * radius, 0.92 * radius, 0.95 * radius),
            (s[2], 0.82 * radius, 0.80 * radius, 0.84 * radius),
            (tip, 0.70 * radius, 0.66 * radius, 0.66 * radius),
        ]
    )
    bands = tuple(Band(at - 0.0026, at + 0.0026, inset=0.0007) for at in s[1:3])
    names = tuple(f"{finger}_{link:02d}.L" for link in (1, 2, 3))
    chain = Chain(("hand.L", *names), (s[0], s[1], s[2]), (0.007, 0.0055, 0.0045))
    palmward = hand_frame().palmward
    tube = Tube(path, keys, palmward, 10, 7, (0.0, 0.7 * radius), 2.0, "body", bands)
    return sweep(f"{finger}.L", tube, chain)


def _unit(vector: Vector) -> Vector:
    unit: Vector = vector / np.linalg.norm(vector)
    return unit


def leg() -> list[Part]:
    start = HIP + np.array([-0.020, 0.0, 0.038])
    path = path_through(start, HIP, KNEE, ANKLE, ANKLE - [0, 0.004, 0.045])
    s0, knee, ankle = path[1, 0], path[2, 0], path[3, 0]
    bands = (Band(knee - 0.036, knee + 0.036), Band(ankle - 0.030, ankle + 0.05))
    chain = Chain(("thigh.L", "shin.L", "foot.L"), (knee, ankle), (0.034, 0.026))
    keys = from_joint(s0, BODY["leg"])
    tube = Tube(path, keys, FORWARD, 22, 30, (-0.02, 0.0), 2.0, "body", bands)
    return [
        sweep("leg.L", tube, chain),
        ellipsoid("hip.L", _ball(HIP, 0.074), "hips"),
        ellipsoid("knee.L", _ball(KNEE, 0.0455), "thigh.L"),
        ellipsoid("ankle.L", _ball(ANKLE, 0.029), "shin.L"),
    ]


BELOW_ANKLE = ANKLE * [1, 1, 0]
AHEAD = _unit((TOE_TIP - ANKLE) * [1, 1, 0])
BALL_AHEAD = float((BALL_OF_FOOT - ANKLE) @ AHEAD)  # Of the ankle [m].


def foot() -> list[Part]:
    band = Band(BALL_AHEAD - 0.006, BALL_AHEAD + 0.006, inset=0.0015)
    caps = (0.012, 0.010)
    tube = Tube(*along_foot(BODY["foot"]), UP, 18, 16, caps, 2.5, "body", (band,))
    return [sweep_foot("foot.L", tube, 0.016), *_toes()]


def along_foot(rows: Array) -> tuple[Array, Array]:
    """Split rows `(s, half_width, top, axis)` [m] into a tube's path and its keys.

    `s` is how far ahead of the ankle; `top` and `axis` are heights above the floor.
    """
    s, half_width, top, axis = rows.T
    points = BELOW_ANKLE + np.outer(s, AHEAD) + np.outer(axis, UP)
    keys = np.column_stack([s, half_width, top - axis, axis * 1.12])
    return np.column_stack([s, points]), keys


def sweep_foot(name: str, tube: Tube, blend: float) -> Part:
    """Return a foot or a shoe, which bends at the ball over twice `blend` [m]."""
    chain = Chain(("foot.L", "toe.L"), (BALL_AHEAD,), (blend,))
    return _on_floor(sweep(name, tube, chain))


def _toes() -> list[Part]:
    outward = np.cross(UP, AHEAD)
    toes = []
    for number, (side, length, radius) in enumerate(BODY["toes"], start=1):
        root = BELOW_ANKLE + 0.150 * AHEAD + 0.9 * side * outward
        tip = BELOW_ANKLE + (length - 0.8 * radius) * AHEAD + side * outward
        path = path_through(root + radius * 1.15 * UP, tip + radius * 0.9 * UP)
        keys = np.array(
            [
                (0.0, radius, radius, radius),
                (0.6 * path[-1, 0], 0.92 * radius, 0.85 * radius, radius),
                (path[-1, 0], 0.92 * radius, 0.80 * radius, radius),
            ]
        )
        tube = Tube(path, keys, UP, 8, 4, (0.0, 0.8 * radius), 2.2)
        toes.append(_on_floor(sweep(f"toe_{number}.L", tube, Chain(("toe.L",)))))
    return toes


def _on_floor(part: Part) -> Part:
    """Flatten what would lie below the floor into a sole."""
    xyz = part.vertices.copy()
    xyz[:, 2] = np.maximum(xyz[:, 2], 0.0)
    return part.moved(xyz)
