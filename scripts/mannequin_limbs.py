# SPDX-License-Identifier: GPL-3.0-or-later
"""The mannequin's left arm, hand, leg and foot; the right ones are mirror images."""

import numpy as np

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
    rows = [
        (-0.012, 0.046, 0.047, 0.047),
        (0.015, 0.0515, 0.053, 0.052),
        (0.060, 0.051, 0.054, 0.052),
        (0.120, 0.046, 0.050, 0.048),
        (0.190, 0.042, 0.045, 0.045),
        (0.250, 0.038, 0.040, 0.040),
        (0.285, 0.0365, 0.038, 0.039),
        (0.325, 0.039, 0.042, 0.041),
        (0.365, 0.0385, 0.042, 0.040),
        (0.430, 0.033, 0.036, 0.035),
        (0.490, 0.0265, 0.030, 0.030),
        (0.537, 0.0225, 0.0275, 0.0275),
        (0.560, 0.021, 0.027, 0.027),
    ]
    keys = np.array(rows) + np.array([s0, 0.0, 0.0, 0.0])
    bands = (
        Band(s0 + 0.125, s0 + 0.150, "accent", 0.0),
        Band(elbow - 0.027, elbow + 0.027),
        Band(wrist - 0.012, wrist + 0.05),
    )
    chain = Chain(
        ("upper_arm.L", "forearm.L", "hand.L"), (elbow, wrist), (0.025, 0.013)
    )
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
    keys = np.array(
        [
            (0.004, 0.0185, 0.024, 0.024),
            (0.022, 0.0185, 0.034, 0.031),
            (0.050, 0.0165, 0.040, 0.037),
            (0.080, 0.0135, 0.0415, 0.040),
            (0.094, 0.0115, 0.040, 0.038),
        ]
    )
    palm = Tube(path, keys, frame.thumbward, 20, 11, (0.006, 0.008), 2.6)
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
    rows = [
        (0.000, 0.078, 0.080, 0.082),
        (0.030, 0.084, 0.085, 0.088),
        (0.080, 0.084, 0.087, 0.088),
        (0.160, 0.076, 0.083, 0.077),
        (0.250, 0.065, 0.074, 0.064),
        (0.340, 0.053, 0.062, 0.054),
        (0.385, 0.0485, 0.055, 0.0495),
        (0.423, 0.0475, 0.054, 0.0485),
        (0.462, 0.0465, 0.049, 0.051),
        (0.535, 0.055, 0.046, 0.067),
        (0.600, 0.051, 0.043, 0.061),
        (0.690, 0.038, 0.037, 0.043),
        (0.770, 0.0305, 0.033, 0.034),
        (0.833, 0.030, 0.034, 0.033),
        (0.860, 0.028, 0.034, 0.033),
    ]
    keys = np.array(rows) + np.array([s0, 0.0, 0.0, 0.0])
    bands = (Band(knee - 0.036, knee + 0.036), Band(ankle - 0.030, ankle + 0.05))
    chain = Chain(("thigh.L", "shin.L", "foot.L"), (knee, ankle), (0.034, 0.026))
    tube = Tube(path, keys, FORWARD, 22, 30, (-0.02, 0.0), 2.0, "body", bands)
    return [
        sweep("leg.L", tube, chain),
        ellipsoid("hip.L", _ball(HIP, 0.074), "hips"),
        ellipsoid("knee.L", _ball(KNEE, 0.0455), "thigh.L"),
        ellipsoid("ankle.L", _ball(ANKLE, 0.029), "shin.L"),
    ]


def foot() -> list[Part]:
    ahead = _unit((TOE_TIP - ANKLE) * [1, 1, 0])
    middle = ANKLE * [1, 1, 0]
    # Distance ahead of the ankle, half width, height of the top and of the axis.
    rows = np.array(
        [
            (-0.050, 0.024, 0.050, 0.030),
            (-0.030, 0.031, 0.083, 0.032),
            (0.000, 0.034, 0.094, 0.032),
            (0.035, 0.036, 0.086, 0.030),
            (0.070, 0.040, 0.066, 0.026),
            (0.105, 0.044, 0.047, 0.022),
            (0.135, 0.0455, 0.037, 0.019),
            (0.160, 0.044, 0.030, 0.016),
            (0.172, 0.041, 0.025, 0.014),
        ]
    )
    s, half_width, top, axis = rows.T
    path = np.column_stack([s, middle + np.outer(s, ahead) + np.outer(axis, UP)])
    keys = np.column_stack([s, half_width, top - axis, axis * 1.12])
    ball = float((BALL_OF_FOOT - ANKLE) @ ahead)
    band = Band(ball - 0.006, ball + 0.006, inset=0.0015)
    tube = Tube(path, keys, UP, 18, 16, (0.012, 0.010), 2.5, "body", (band,))
    chain = Chain(("foot.L", "toe.L"), (ball,), (0.016,))
    body = sweep("foot.L", tube, chain)
    return [_on_floor(body), *_toes(ahead)]


def _toes(ahead: Vector) -> list[Part]:
    outward = np.cross(UP, ahead)
    toes = []
    # Distance outward, length ahead of the ankle, radius; the big toe first.
    rows = [
        (-0.0265, 0.2130, 0.0142),
        (-0.0030, 0.2120, 0.0102),
        (0.0130, 0.2050, 0.0095),
        (0.0270, 0.1950, 0.0090),
        (0.0385, 0.1830, 0.0086),
    ]
    for number, (side, length, radius) in enumerate(rows, start=1):
        root = ANKLE * [1, 1, 0] + 0.150 * ahead + 0.9 * side * outward
        tip = ANKLE * [1, 1, 0] + (length - 0.8 * radius) * ahead + side * outward
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
