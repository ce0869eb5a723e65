# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rendered person wears: clothes painted and puffed out on the mesh, and hair.

Where a vertex lies along an arm, a leg, the trunk and in the head is measured once, on
the average body; what is worn is then a matter of thresholds.
"""

from dataclasses import dataclass, replace

import numpy as np

from nano_bodies import BONES, Array, Body, Family
from nano_pose import BONE

NO_PATTERN, SHIRT_PATTERN, TROUSERS_PATTERN = 0, 1, 2
SKINS = np.array(
    [[0.93, 0.76, 0.66], [0.85, 0.65, 0.52], [0.76, 0.55, 0.42], [0.62, 0.42, 0.30],
     [0.45, 0.29, 0.20], [0.30, 0.19, 0.13], [0.88, 0.70, 0.60]])  # fmt: skip
HAIRS = np.array(
    [[0.05, 0.04, 0.03], [0.12, 0.07, 0.04], [0.30, 0.18, 0.09], [0.60, 0.45, 0.22],
     [0.60, 0.60, 0.60], [0.85, 0.85, 0.82], [0.40, 0.15, 0.06], [0.1, 0.3, 0.4]]
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Look:
    """A person's surface.

    Attributes:
        color, other: Of the vertices, and the second colour of patterns, `(V, 3)`.
        garment: Which pattern each vertex shows, `(V,)`.
        patterns: Kind, frequency, angle and folds of shirt and trousers, `(2, 4)`.
    """

    color: Array
    other: Array
    garment: Array
    patterns: Array


@dataclass(frozen=True, eq=False)
class Places:
    """Where vertices lie, measured on the average body.

    Attributes:
        arm: 0 at a shoulder, 1 at the elbow, 2 at the wrist; -1 off the arms.
        leg: 0 at a hip, 1 at the knee, 2 at the ankle; -1 off the legs.
        trunk: 0 at the hips, 1 at the neck; -1 off the trunk.
        head: Across, up and forward from between the ears, in half widths of the
            head, `(V, 3)`; NaN off the head.
        foot: Whether a vertex is of a foot.
        rest: Place on the average body [m].
    """

    arm: Array
    leg: Array
    trunk: Array
    head: Array
    foot: Array
    rest: Array


def measure(family: Family) -> Places:
    """Return where the vertices of a family lie."""
    body = family.mean
    bone = np.array(BONES)[family.weights.argmax(axis=1)]
    xyz, heads = body.vertices, body.heads
    arm = _along(body, bone, "upper_arm", "forearm", "hand")
    leg = _along(body, bone, "thigh", "shin", "foot")
    low, high = heads[BONE["left_thigh"]][1], heads[BONE["neck"]][1]
    on_trunk = np.isin(bone, ["hips", "spine", "chest", "neck"]) | np.char.endswith(
        bone, "clavicle"
    )
    trunk = np.where(on_trunk, (xyz[:, 1] - low) / (high - low), -1.0)
    ears = body.face[3:].mean(axis=0)
    half = (body.face[3, 0] - body.face[4, 0]) / 2
    on_head = (bone == "head")[:, None]
    head = np.where(on_head, (xyz - ears) / half, np.nan)
    foot = np.char.endswith(bone, "foot") | np.char.endswith(bone, "toe")
    return Places(arm, leg, trunk, head.astype(np.float32), foot, xyz)


def _along(body: Body, bone: Array, first: str, second: str, third: str) -> Array:
    place = np.full(len(bone), -1.0, dtype=np.float32)
    for side in ("left", "right"):
        a, b, c = (body.heads[BONE[f"{side}_{n}"]] for n in (first, second, third))
        for name, start, end, base in ((first, a, b, 0.0), (second, b, c, 1.0)):
            on = bone == f"{side}_{name}"
            way = end - start
            share = (body.vertices[on] - start) @ way / (way @ way)
            place[on] = base + np.maximum(share, -0.3)
        place[bone == f"{side}_{third}"] = 2.2
        place[bone == f"{side}_toe"] = 2.2 if third == "foot" else -1.0
    return place


def random_shares(count: int, rng: np.random.Generator) -> Array:
    """Return how much of each body is in a random one; some are stretched beyond."""
    if rng.random() < 0.35:
        return np.eye(count, dtype=np.float32)[rng.integers(count)]
    shares = rng.dirichlet(np.full(count, 0.6))
    mean = np.full(count, 1 / count)
    stretched: Array = mean + (shares - mean) * rng.uniform(0.9, 1.25)
    return stretched.astype(np.float32)


def dress(
    body: Body, family: Family, places: Places, rng: np.random.Generator
) -> tuple[Body, Look]:
    """Return a body with clothes and hair of its own, and their colours."""
    if family.regions:
        return body, _painted(family.regions, rng)
    count = len(body.vertices)
    color = np.tile(_skin(rng), (count, 1))
    other, garment = color.copy(), np.zeros(count, dtype=np.float32)
    puff = np.zeros(count)
    _paint_face(color, body, places, rng)
    bare = rng.random() < 0.06
    sleeve = rng.choice([0.05, 0.45, 0.6, 1.2, 2.02], p=[0.12, 0.25, 0.2, 0.08, 0.35])
    waist = rng.uniform(0.02, 0.22)
    collar = rng.uniform(0.9, 1.04)
    hem = rng.choice([0.15, 0.5, 0.8, 1.2, 1.95], p=[0.06, 0.12, 0.14, 0.08, 0.6])
    limbs = (places.arm > -0.9) & (places.arm < sleeve)
    shirt = (places.trunk > waist) & (places.trunk < collar) | limbs
    trousers = (places.trunk > -0.9) & (places.trunk <= waist)
    trousers |= (places.leg > -0.9) & (places.leg < hem)
    shoes = (places.foot) & (rng.random() < 0.85)
    dressed = rng.random() < 0.12  # One colour from neck to hem.
    cloth = _cloth(rng)
    layers = [(trousers, cloth if dressed else _cloth(rng), TROUSERS_PATTERN)]
    if not bare:
        layers.append((shirt, cloth, SHIRT_PATTERN))
    for mask, (first, second), number in layers:
        color[mask], other[mask], garment[mask] = first, second, number
        loose = rng.uniform(0.002, 0.03) * (rng.random() < 0.7)
        phase = rng.uniform(0, 6, 3)
        wave = 0.7 + 0.3 * np.sin(places.rest * 38.0 + phase).mean(axis=1)
        puff[mask] = loose * wave[mask]
    puff[limbs] *= 0.7 + 0.35 * np.clip(places.arm[limbs], 0, 2)
    color[shoes] = other[shoes] = _shoe(rng)
    garment[shoes] = NO_PATTERN
    puff[shoes] = 0.006
    hair = _hair(places, rng)
    color[hair > 0] = other[hair > 0] = _varied(HAIRS[rng.integers(len(HAIRS))], rng)
    puff += hair
    vertices = body.vertices + body.normals * puff[:, None].astype(np.float32)
    look = Look(
        color.astype(np.float32), other.astype(np.float32), garment, _patterns(rng)
    )
    return replace(body, vertices=vertices), look


def _varied(color: Array, rng: np.random.Generator) -> Array:
    varied: Array = np.clip(
        color * rng.uniform(0.8, 1.15) + rng.normal(0, 0.02, 3), 0, 1
    )
    return varied


def _skin(rng: np.random.Generator) -> Array:
    a, b = SKINS[rng.integers(len(SKINS), size=2)]
    return _varied(a + (b - a) * rng.random(), rng)


def _cloth(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return two colours: mostly grey, black, white or blue, else anything."""
    colors = []
    for _ in range(2):
        kind = rng.random()
        if kind < 0.45:
            color = np.full(3, rng.uniform(0.02, 0.95)) + rng.normal(0, 0.03, 3)
        elif kind < 0.6:
            color = np.array([0.15, 0.2, 0.35]) * rng.uniform(0.4, 2.0)
        else:
            color = rng.random(3) ** rng.uniform(0.5, 2.0)
        colors.append(np.clip(color, 0.01, 1.0))
    return colors[0], colors[1]


def _shoe(rng: np.random.Generator) -> Array:
    shade: Array = np.full(3, rng.choice([0.05, 0.1, 0.5, 0.9]))
    return shade if rng.random() < 0.7 else rng.random(3)


def _patterns(rng: np.random.Generator) -> Array:
    rows = [
        [
            rng.choice(7, p=[0.45, 0.12, 0.1, 0.08, 0.08, 0.1, 0.07]),
            rng.uniform(8, 60),
            rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)]),
            rng.uniform(0.0, 0.6),
        ]
        for _ in range(2)
    ]
    return np.array(rows, dtype=np.float32)


def _paint_face(
    color: Array, body: Body, places: Places, rng: np.random.Generator
) -> None:
    """Paint eyes, brows and lips."""
    skin = color[0].copy()
    on_head = np.isfinite(places.head[:, 0])
    brow = HAIRS[rng.integers(4)]
    for eye in body.face[1:3]:
        away = (body.vertices - eye) * np.array([1.0, 1.7, 0.5])
        near = np.linalg.norm(away, axis=1)
        color[on_head & (near < 0.017)] = [0.75, 0.74, 0.72]
        color[on_head & (near < 0.008)] = rng.uniform(0.02, 0.25, 3)
        above = (body.vertices - eye - [0, 0.021, 0]) * np.array([0.45, 1.6, 0.5])
        color[on_head & (np.linalg.norm(above, axis=1) < 0.011)] = brow
    mouth = body.face[0] - np.array([0, 0.038, 0.012])
    away = (body.vertices - mouth) * np.array([0.5, 1.5, 0.6])
    lips = on_head & (np.linalg.norm(away, axis=1) < 0.013)
    color[lips] = skin * np.array([0.85, 0.55, 0.55])
    if rng.random() < 0.2:  # A beard.
        _, y, z = places.head.T
        beard = (y < -0.75) & (z > 0.15) & on_head & ~lips
        color[beard] = brow


def _hair(places: Places, rng: np.random.Generator) -> Array:
    """Return how far hair stands off the head, 0 where there is none [m]."""
    style = rng.random()
    if style < 0.1:
        return np.zeros(len(places.arm))
    x, y, z = np.nan_to_num(places.head.T, nan=-9.0)
    line = np.interp(y, [-1.4, -0.6, 0.0, 0.6, 1.1, 1.5],
                     [-0.9, -0.7, -0.2, 0.35, 0.9, 1.4])  # fmt: skip
    grown = (z < line + rng.uniform(-0.15, 0.1)) & (y > -1.4)
    grown &= (np.abs(x) < 0.93) | (y > 0.35)
    thickness = rng.uniform(0.004, 0.045)
    locks = 1 + 0.25 * np.sin(9 * x + rng.uniform(0, 6)) * np.sin(7 * y + 5 * z)
    result: Array = np.where(grown, thickness * locks, 0.0)
    if style > 0.6:  # Longer at the back.
        result = result * (1 + rng.uniform(0, 2) * (z < -0.4))
    return result


def _painted(regions: tuple[str, ...], rng: np.random.Generator) -> Look:
    """Return colours of a family whose vertices have their materials already."""
    (shirt, shirt2), (legs, legs2) = _cloth(rng), _cloth(rng)
    skin, hair = _skin(rng), _varied(HAIRS[rng.integers(len(HAIRS))], rng)
    table = {
        "skin": skin, "lips": skin * [0.85, 0.55, 0.55], "hair": hair,
        "eye": np.full(3, 0.75), "iris": rng.uniform(0.02, 0.25, 3),
        "shirt": shirt, "belt": np.full(3, 0.05), "trousers": legs,
        "shoe": _shoe(rng),
    }  # fmt: skip
    second = table | {"shirt": shirt2, "trousers": legs2}
    numbers = {"shirt": SHIRT_PATTERN, "trousers": TROUSERS_PATTERN}
    return Look(
        np.array([table[r] for r in regions], dtype=np.float32),
        np.array([second[r] for r in regions], dtype=np.float32),
        np.array([numbers.get(r, 0) for r in regions], dtype=np.float32),
        _patterns(rng),
    )
