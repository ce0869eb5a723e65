# SPDX-License-Identifier: GPL-3.0-or-later
"""The person of the sample clip: the mannequin's head and hands, dressed."""

from dataclasses import replace

import numpy as np

from mannequin_limbs import along_foot, sweep_foot
from mannequin_profiles import CLOTHES, from_joint, up_trunk
from mannequin_shape import HEAD_CENTER, body_parts, raise_collar, with_clavicles
from mannequin_skeleton import (
    ANKLE,
    ELBOW,
    FORWARD,
    HIP,
    KNEE,
    SHOULDER,
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
    chain = Chain(("upper_chest", "neck", "head"), (1.475, 1.552), (0.025, 0.040))
    return sweep("neck", _upright(CLOTHES["neck"], "skin"), chain)


def _upright(rows: np.ndarray, material: str) -> Tube:
    return Tube(*up_trunk(rows), FORWARD, 36, 34, (0.0, 0.0), 2.3, material)


def _shirt() -> Part:
    chain = Chain(
        ("hips", "spine", "chest", "upper_chest"),
        (1.050, 1.165, 1.290),
        (0.070, 0.060, 0.070),
    )
    part = sweep("shirt", _upright(CLOTHES["shirt"], "shirt"), chain)
    weights = with_clavicles(part, lowest=1.30, outermost=0.15).weights
    xyz = part.vertices.copy()
    raise_collar(xyz, 0.35)
    return replace(part, vertices=xyz, weights=_strongest(weights))


def _strongest(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Drop what is too weak to see, so that four bones a vertex are enough."""
    kept = {name: np.where(w > 0.01, w, 0.0) for name, w in weights.items()}
    total = sum(kept.values())
    return {name: w / total for name, w in kept.items()}


def _seat() -> Part:
    belt = Band(0.986, 1.018, "belt", -0.0025)
    tube = replace(_upright(CLOTHES["seat"], "trousers"), bands=(belt,))
    return sweep("seat", tube, Chain(("hips",)))


def _trouser_leg() -> Part:
    start = HIP + np.array([-0.020, 0.0, 0.038])
    path = path_through(start, HIP, KNEE, ANKLE)
    s0, knee, ankle = path[1:, 0]
    keys = from_joint(s0, CLOTHES["trouser_leg"])
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
    tube = Tube(path, CLOTHES["arm"], FORWARD, 18, 28, (0.01, 0.0), 2.0, "skin")
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
    s0 = path[1, 0]
    keys = from_joint(s0, CLOTHES["sleeve"])
    tube = Tube(path, keys, FORWARD, 22, 18, (0.01, 0.0), 2.1, "shirt")
    chain = Chain(("shoulder.L", "upper_arm.L"), (s0 - 0.005,), (0.05,))
    return [
        sweep("sleeve.L", tube, chain),
        ellipsoid(
            "shoulder.L", Ball(SHOULDER, np.full(3, 0.047)), "shoulder.L", "shirt"
        ),
    ]


def _shoe() -> Part:
    tube = Tube(*along_foot(CLOTHES["shoe"]), UP, 22, 24, (0.014, 0.018), 2.6, "shoe")
    return sweep_foot("shoe.L", tube, 0.025)
