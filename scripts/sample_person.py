# SPDX-License-Identifier: GPL-3.0-or-later
"""The person of the sample clip: the mannequin's head and hands, dressed."""

from dataclasses import replace

import numpy as np

from mannequin_shape import HEAD_CENTER, body_parts
from mannequin_skeleton import (
    ANKLE,
    BALL_OF_FOOT,
    ELBOW,
    FORWARD,
    HIP,
    KNEE,
    SHOULDER,
    TOE_TIP,
    UP,
    WRIST,
    hand_frame,
)
from mannequin_tube import (
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

# Linear base colour and roughness.
COLORS = {
    "skin": ((0.56, 0.31, 0.21), 0.55),
    "lips": ((0.42, 0.15, 0.12), 0.5),
    "hair": ((0.030, 0.018, 0.012), 0.6),
    "eye": ((0.75, 0.75, 0.73), 0.2),
    "iris": ((0.03, 0.02, 0.015), 0.2),
    "shirt": ((0.035, 0.17, 0.20), 0.9),
    "belt": ((0.020, 0.012, 0.008), 0.5),
    "trousers": ((0.055, 0.062, 0.085), 0.95),
    "shoe": ((0.55, 0.53, 0.50), 0.6),
}
KEPT = ("head", "ear", "palm", "thumb", "index", "middle", "ring", "pinky")


def person_parts() -> list[Part]:
    """Return every part of the dressed person."""
    kept = [part for part in body_parts() if part.name.split(".")[0] in KEPT]
    skin = [replace(part, materials=["skin"] * len(part.faces)) for part in kept]
    head = next(part for part in skin if part.name == "head")
    left = [*_eye(), *_arm(), *_sleeve(), _trouser_leg(), _shoe()]
    middle = [_hair(head), _lips(), _neck(), _shirt(), _seat()]
    return skin + middle + left + [part.mirrored() for part in left]


def _hair(head: Part) -> Part:
    """Return a cap of hair: the head, larger where hair grows, hidden elsewhere."""
    offset = head.vertices - HEAD_CENTER
    x, y, z = (offset / np.linalg.norm(offset, axis=1, keepdims=True)).T
    # The hairline runs over the forehead, before the ears, to the nape.
    line = np.interp(y, [-1.0, -0.75, -0.35, 0.1, 0.5, 1.0],
                     [0.75, 0.62, 0.42, -0.05, -0.45, -0.55])  # fmt: skip
    grown = smoothstep(-0.06, 0.06, z - line)
    thickness = 0.94 + grown * (0.135 + 0.03 * np.clip(z, 0.0, 1.0))
    locks = 1.0 + 0.012 * grown * np.sin(9.0 * np.arctan2(x, -y) + 4.0 * z)
    xyz = HEAD_CENTER + offset * (thickness * locks)[:, np.newaxis]
    return Part("hair", xyz, head.faces, ["hair"] * len(head.faces), head.weights)


def _eye() -> list[Part]:
    places = [
        ("eye.L", (0.031, -0.0835, 1.647), (0.0135, 0.008, 0.0065), "eye"),
        ("iris.L", (0.030, -0.0885, 1.647), (0.0055, 0.005, 0.0060), "iris"),
        ("brow.L", (0.031, -0.0895, 1.666), (0.0185, 0.006, 0.0033), "hair"),
    ]
    return [
        ellipsoid(name, Ball(np.array(c), np.array(r), 6, 12), "head", material)
        for name, c, r, material in places
    ]


def _lips() -> Part:
    ball = Ball(
        np.array([0.0, -0.0985, 1.582]), np.array([0.019, 0.008, 0.0065]), 6, 12
    )
    return ellipsoid("lips", ball, "head", "lips")


def _neck() -> Part:
    rows = np.array(
        [
            (1.400, 0.070, 0.060, 0.062, 0.030),
            (1.470, 0.060, 0.050, 0.056, 0.028),
            (1.515, 0.050, 0.048, 0.053, 0.019),
            (1.560, 0.050, 0.050, 0.054, 0.012),
            (1.610, 0.048, 0.046, 0.054, 0.010),
        ]
    )
    chain = Chain(("upper_chest", "neck", "head"), (1.475, 1.552), (0.025, 0.040))
    return sweep("neck", _upright(rows, "skin"), chain)


def _upright(rows: np.ndarray, material: str) -> Tube:
    """Return a tube up the trunk through rows `(z, side, front, back, y)`."""
    z = rows[:, 0]
    path = np.column_stack([z, np.zeros_like(z), rows[:, 4], z])
    return Tube(path, rows[:, :4], FORWARD, 36, 34, (0.0, 0.0), 2.3, material)


def _shirt() -> Part:
    rows = np.array(
        [
            (0.950, 0.140, 0.095, 0.100, 0.012),
            (1.000, 0.146, 0.100, 0.102, 0.011),
            (1.030, 0.149, 0.104, 0.105, 0.010),
            (1.060, 0.151, 0.107, 0.105, 0.010),
            (1.110, 0.142, 0.104, 0.098, 0.011),
            (1.180, 0.146, 0.110, 0.101, 0.012),
            (1.250, 0.158, 0.118, 0.112, 0.014),
            (1.310, 0.170, 0.122, 0.120, 0.018),
            (1.355, 0.176, 0.118, 0.122, 0.021),
            (1.400, 0.176, 0.105, 0.116, 0.024),
            (1.434, 0.170, 0.088, 0.101, 0.027),
            (1.455, 0.150, 0.075, 0.087, 0.029),
            (1.472, 0.112, 0.065, 0.075, 0.030),
            (1.488, 0.074, 0.058, 0.065, 0.030),
        ]
    )
    chain = Chain(
        ("hips", "spine", "chest", "upper_chest"),
        (1.050, 1.165, 1.290),
        (0.070, 0.060, 0.070),
    )
    part = sweep("shirt", _upright(rows, "shirt"), chain)
    xyz, weights = part.vertices.copy(), dict(part.weights)
    x, _, z = part.vertices.T
    # The collar is higher behind than in front.
    xyz[:, 2] += 0.35 * smoothstep(1.42, 1.49, z) * (xyz[:, 1] - 0.03)
    lifted = smoothstep(1.30, 1.43, z)
    for bone, side in (("shoulder.L", x), ("shoulder.R", -x)):
        share = 0.85 * smoothstep(0.045, 0.15, side) * lifted
        weights = {name: w * (1.0 - share) for name, w in weights.items()}
        weights[bone] = share
    return replace(part, vertices=xyz, weights=_strongest(weights))


def _strongest(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Drop what is too weak to see, so that four bones a vertex are enough."""
    kept = {name: np.where(w > 0.01, w, 0.0) for name, w in weights.items()}
    total = sum(kept.values())
    return {name: w / total for name, w in kept.items()}


def _seat() -> Part:
    rows = np.array(
        [
            (0.815, 0.040, 0.060, 0.062, 0.012),
            (0.845, 0.090, 0.088, 0.106, 0.012),
            (0.885, 0.150, 0.102, 0.124, 0.012),
            (0.930, 0.164, 0.106, 0.126, 0.012),
            (0.975, 0.161, 0.109, 0.121, 0.012),
            (1.020, 0.152, 0.107, 0.108, 0.011),
        ]
    )
    belt = Band(0.986, 1.018, "belt", -0.0025)
    tube = replace(_upright(rows, "trousers"), bands=(belt,))
    return sweep("seat", tube, Chain(("hips",)))


def _trouser_leg() -> Part:
    start = HIP + np.array([-0.020, 0.0, 0.038])
    path = path_through(start, HIP, KNEE, ANKLE)
    s0, knee, ankle = path[1:, 0]
    rows = [
        (-0.030, 0.072, 0.080, 0.084),
        (0.000, 0.088, 0.092, 0.096),
        (0.040, 0.094, 0.096, 0.099),
        (0.120, 0.089, 0.094, 0.092),
        (0.250, 0.076, 0.083, 0.076),
        (0.360, 0.065, 0.072, 0.066),
        (0.423, 0.062, 0.067, 0.062),
        (0.530, 0.064, 0.060, 0.072),
        (0.680, 0.056, 0.056, 0.064),
        (0.790, 0.053, 0.056, 0.060),
        (0.812, 0.052, 0.056, 0.060),
    ]
    keys = np.array(rows) + np.array([s0, 0.0, 0.0, 0.0])
    tube = Tube(path, keys, FORWARD, 26, 44, (0.0, 0.0), 2.1, "trousers")
    chain = Chain(("hips", "thigh.L", "shin.L"), (s0 - 0.005, knee), (0.05, 0.06))
    part = sweep("trouser.L", tube, chain)
    xyz = part.vertices.copy()
    below = path[3, 0] - np.linalg.norm(xyz - ANKLE, axis=1)
    # Cloth gathers above the shoe.
    fold = smoothstep(ankle - 0.22, ankle - 0.05, below)
    wave = np.sin(230.0 * xyz[:, 2] + 7.0 * np.arctan2(xyz[:, 1], xyz[:, 0] - ANKLE[0]))
    xyz[:, 1] += 0.0025 * fold * wave
    return part.moved(xyz)


def _arm() -> list[Part]:
    hand = hand_frame()
    path = path_through(SHOULDER, ELBOW, WRIST, hand.point((0.03, 0.0, 0.0)))
    elbow, wrist = path[1, 0], path[2, 0]
    keys = np.array(
        [
            (0.150, 0.043, 0.047, 0.046),
            (0.200, 0.042, 0.045, 0.045),
            (0.250, 0.038, 0.041, 0.040),
            (0.285, 0.037, 0.039, 0.040),
            (0.325, 0.039, 0.043, 0.041),
            (0.365, 0.0385, 0.042, 0.040),
            (0.430, 0.033, 0.037, 0.035),
            (0.490, 0.0265, 0.031, 0.030),
            (0.537, 0.0225, 0.029, 0.029),
            (0.560, 0.0205, 0.030, 0.030),
        ]
    )
    tube = Tube(path, keys, FORWARD, 18, 28, (0.01, 0.0), 2.0, "skin")
    chain = Chain(
        ("upper_arm.L", "forearm.L", "hand.L"), (elbow, wrist), (0.035, 0.022)
    )
    return [
        sweep("arm.L", tube, chain),
        ellipsoid("elbow.L", Ball(ELBOW, np.full(3, 0.036)), "upper_arm.L", "skin"),
    ]


def _sleeve() -> list[Part]:
    start = SHOULDER + np.array([-0.045, -0.002, 0.012])
    path = path_through(start, SHOULDER, ELBOW)
    keys = np.array(
        [
            (-0.045, 0.036, 0.056, 0.056),
            (0.000, 0.046, 0.058, 0.057),
            (0.040, 0.052, 0.060, 0.059),
            (0.100, 0.053, 0.058, 0.057),
            (0.170, 0.053, 0.057, 0.057),
            (0.205, 0.054, 0.058, 0.058),
        ]
    ) + np.array([path[1, 0], 0.0, 0.0, 0.0])
    tube = Tube(path, keys, FORWARD, 22, 18, (0.01, 0.0), 2.1, "shirt")
    chain = Chain(("shoulder.L", "upper_arm.L"), (path[1, 0] - 0.005,), (0.05,))
    return [
        sweep("sleeve.L", tube, chain),
        ellipsoid(
            "shoulder.L", Ball(SHOULDER, np.full(3, 0.047)), "shoulder.L", "shirt"
        ),
    ]


def _shoe() -> Part:
    ahead = (TOE_TIP - ANKLE) * [1, 1, 0]
    ahead /= np.linalg.norm(ahead)
    # Distance ahead of the ankle, half width, height of the top and of the axis.
    rows = np.array(
        [
            (-0.056, 0.030, 0.070, 0.034),
            (-0.030, 0.038, 0.104, 0.036),
            (0.000, 0.041, 0.112, 0.036),
            (0.035, 0.042, 0.102, 0.034),
            (0.070, 0.045, 0.082, 0.030),
            (0.105, 0.049, 0.066, 0.028),
            (0.140, 0.051, 0.057, 0.026),
            (0.180, 0.047, 0.050, 0.024),
            (0.205, 0.038, 0.044, 0.023),
        ]
    )
    s, half_width, top, axis = rows.T
    path = np.column_stack(
        [s, ANKLE * [1, 1, 0] + np.outer(s, ahead) + np.outer(axis, UP)]
    )
    keys = np.column_stack([s, half_width, top - axis, axis * 1.12])
    tube = Tube(path, keys, UP, 22, 24, (0.014, 0.018), 2.6, "shoe")
    ball = float((BALL_OF_FOOT - ANKLE) @ ahead)
    part = sweep("shoe.L", tube, Chain(("foot.L", "toe.L"), (ball,), (0.025,)))
    xyz = part.vertices.copy()
    xyz[:, 2] = np.maximum(xyz[:, 2], 0.0)
    return part.moved(xyz)
