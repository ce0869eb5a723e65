# SPDX-License-Identifier: GPL-3.0-or-later
"""The mannequin's body: a shop-window figure with joints that show.

Rigid shells meet in dark sleeves that bend; a ball inside each sleeve keeps its
volume, so that no joint collapses. Every number is a length in metres.
"""

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
    Array,
    Ball,
    Band,
    Chain,
    Part,
    Tube,
    ellipsoid,
    path_through,
    smoothstep,
    sweep,
)


def body_parts() -> list[Part]:
    """Return every part of the body, middle ones first, then left and right."""
    left = [*_arm(), *_hand(), *_leg(), *_foot()]
    middle = [_pelvis(), _waist(), _chest(), _emblem(), _neck(), *head_parts()]
    # Only the left arm wears the armband: it tells left from right.
    right = [part.mirrored().repainted("accent", "body") for part in left]
    return middle + left + right


def _upright(rows: list[tuple[float, ...]]) -> tuple[Array, Array]:
    """Split rows `(z, side, front, back, y)` into a path up the trunk and its keys."""
    table = np.array(rows)
    z = table[:, 0]
    path = np.column_stack([z, np.zeros_like(z), table[:, 4], z])
    return path, table[:, :4]


def _pelvis() -> Part:
    path, keys = _upright(
        [
            (0.836, 0.030, 0.040, 0.042, 0.012),
            (0.858, 0.062, 0.062, 0.082, 0.012),
            (0.895, 0.112, 0.084, 0.112, 0.012),
            (0.935, 0.146, 0.096, 0.118, 0.012),
            (0.970, 0.151, 0.096, 0.108, 0.012),
            (1.005, 0.141, 0.089, 0.093, 0.011),
            (1.032, 0.127, 0.082, 0.084, 0.010),
        ]
    )
    tube = Tube(path, keys, FORWARD, 36, 14, (0.012, 0.0), 2.25)
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
    path, keys = _upright(
        [
            (0.965, 0.105, 0.070, 0.070, 0.011),
            (1.030, 0.118, 0.076, 0.076, 0.010),
            (1.090, 0.115, 0.076, 0.074, 0.010),
            (1.160, 0.121, 0.084, 0.080, 0.012),
            (1.230, 0.108, 0.074, 0.074, 0.014),
        ]
    )
    tube = Tube(path, keys, FORWARD, 28, 11, (0.02, 0.02), 2.2, "joint")
    chain = Chain(("hips", "spine", "chest"), (1.050, 1.150), (0.035, 0.035))
    return sweep("waist", tube, chain)


def _chest() -> Part:
    path, keys = _upright(
        [
            (1.125, 0.122, 0.086, 0.082, 0.012),
            (1.165, 0.130, 0.095, 0.090, 0.012),
            (1.230, 0.147, 0.107, 0.103, 0.014),
            (1.300, 0.160, 0.113, 0.112, 0.018),
            (1.350, 0.162, 0.110, 0.115, 0.021),
            (1.395, 0.155, 0.098, 0.110, 0.024),
            (1.428, 0.141, 0.082, 0.095, 0.027),
            (1.448, 0.119, 0.070, 0.082, 0.029),
            (1.464, 0.092, 0.060, 0.070, 0.030),
            (1.479, 0.069, 0.053, 0.060, 0.030),
            (1.492, 0.058, 0.050, 0.054, 0.030),
        ]
    )
    tube = Tube(path, keys, FORWARD, 34, 22, (0.0, 0.0), 2.3)
    part = sweep("chest", tube, Chain(("chest", "upper_chest"), (1.290,), (0.07,)))
    xyz = part.vertices.copy()
    low = 1.0 - smoothstep(1.125, 1.22, xyz[:, 2])
    xyz[:, 2] += 0.045 * low * _frontness(xyz, 0.14) ** 1.5
    _add_muscles(xyz)
    # The collar is higher behind than in front.
    collar = smoothstep(1.42, 1.49, xyz[:, 2])
    xyz[:, 2] += 0.30 * collar * (xyz[:, 1] - 0.03)
    return _with_clavicles(part.moved(xyz))


def _add_muscles(xyz: Array) -> None:
    x, y, z = xyz.T
    ahead = smoothstep(0.02, 0.07, -y)
    breast = np.exp(-(((np.abs(x) - 0.066) / 0.055) ** 2) - ((z - 1.325) / 0.05) ** 2)
    behind = smoothstep(0.04, 0.09, y)
    spine = np.exp(-((x / 0.02) ** 2)) * smoothstep(1.12, 1.20, z)
    blades = np.exp(-(((np.abs(x) - 0.075) / 0.045) ** 2) - ((z - 1.35) / 0.06) ** 2)
    xyz[:, 1] += -0.016 * ahead * breast
    xyz[:, 1] += behind * (0.010 * blades - 0.008 * spine * (z < 1.46))


def _with_clavicles(part: Part) -> Part:
    """Let the corners of the chest follow the shoulders."""
    x, _, z = part.vertices.T
    weights = dict(part.weights)
    lifted = smoothstep(1.33, 1.43, z)
    for bone, side in (("shoulder.L", x), ("shoulder.R", -x)):
        share = 0.85 * smoothstep(0.045, 0.135, side) * lifted
        weights = {name: w * (1.0 - share) for name, w in weights.items()}
        weights[bone] = share
    return Part(part.name, part.vertices, part.faces, part.materials, weights)


def _emblem() -> Part:
    """Return the plate on the breast that tells the front from the back."""
    ball = Ball(np.array([0.0, -0.0945, 1.355]), np.array([0.030, 0.006, 0.030]))
    plate = ellipsoid("emblem", ball, "upper_chest", "accent")
    xyz = plate.vertices.copy()
    xyz[:, 1] += 0.22 * (xyz[:, 2] - ball.center[2])
    return plate.moved(xyz)


def _neck() -> Part:
    path, keys = _upright(
        [
            (1.430, 0.058, 0.050, 0.054, 0.030),
            (1.475, 0.051, 0.046, 0.051, 0.028),
            (1.515, 0.045, 0.045, 0.049, 0.019),
            (1.560, 0.045, 0.047, 0.051, 0.012),
            (1.610, 0.043, 0.044, 0.052, 0.010),
        ]
    )
    tube = Tube(path, keys, FORWARD, 20, 11, (0.01, 0.01), 2.0, "joint")
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


def _arm() -> list[Part]:
    # The path starts level, so that the rim of the shell stands upright.
    start = SHOULDER + np.array([-0.026, -0.001, 0.010])
    hand = hand_frame()
    path = path_through(start, SHOULDER, ELBOW, WRIST, hand.point((0.03, 0, 0)))
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


def _hand() -> list[Part]:
    hand = hand_frame()
    along = [-0.004, 0.03, 0.06, 0.09, 0.10]
    across = [0.0, 0.0, -0.003, -0.005, -0.005]
    points = [hand.point((a, b, 0.0)) for a, b in zip(along, across)]
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
    palm = Tube(path, keys, hand.thumbward, 20, 11, (0.006, 0.008), 2.6)
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


def _leg() -> list[Part]:
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


def _foot() -> list[Part]:
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
    foot = sweep("foot.L", tube, chain)
    return [_on_floor(foot), *_toes(ahead)]


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
