# SPDX-License-Identifier: GPL-3.0-or-later
"""A small humanoid and a person who moves, made by code: what tests animate."""

import numpy as np

from vitpose_blender.core.body_frames import NOSE_DROP
from vitpose_blender.core.camera_model import WORLD_FROM_CAMERA
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.motion import WorldMotion
from vitpose_blender.core.rig_rest import RigRest
from vitpose_blender.core.rotations import about_axis, apply, unit
from vitpose_blender.core.skeleton import Skeleton
from vitpose_blender.core.types import Joints3D

ROW = CANONICAL.index
SIDES = ("left", "right")
NUM_JOINTS = len(CANONICAL)

# Bone: parent and head [m]; a 1.7 m person in an A-pose who faces -Y, left at +X.
_CENTRE = {
    "Hips": ("", (0.0, 0.0, 0.95)),
    "Spine": ("Hips", (0.0, 0.0, 1.05)),
    "Spine1": ("Spine", (0.0, 0.01, 1.18)),
    "Spine2": ("Spine1", (0.0, 0.01, 1.3)),
    "Neck": ("Spine2", (0.0, 0.01, 1.45)),
    "Head": ("Neck", (0.0, -0.01, 1.55)),
}
_SIDE = {
    "Shoulder": ("Spine2", (0.03, 0.0, 1.42)),
    "Arm": ("Shoulder", (0.17, 0.01, 1.41)),
    "ForeArm": ("Arm", (0.37, 0.02, 1.21)),
    "Hand": ("ForeArm", (0.54, 0.0, 1.03)),
    "UpLeg": ("Hips", (0.09, 0.0, 0.92)),
    "Leg": ("UpLeg", (0.1, -0.012, 0.5)),
    "Foot": ("Leg", (0.1, 0.01, 0.08)),
    "ToeBase": ("Foot", (0.11, -0.13, 0.02)),
}
_TIPS = {"Head": (0.0, -0.01, 1.72), "Hand": (0.6, -0.01, 0.96)}
_TIPS["ToeBase"] = (0.115, -0.2, 0.02)
_ROLES = {
    "clavicle": "Shoulder", "upper_arm": "Arm", "forearm": "ForeArm", "hand": "Hand",
    "thigh": "UpLeg", "shin": "Leg", "foot": "Foot", "toe": "ToeBase",
}  # fmt: skip

# Whose turn a joint goes along with; the pelvis has none.
_CARRIER = {
    "spine": "pelvis", "chest": "spine", "neck": "chest", "head_top": "neck",
    **dict.fromkeys(
        ("nose", "left_eye", "right_eye", "left_ear", "right_ear"), "neck"
    ),
    **{
        f"{side}_{joint}": carrier if carrier in ROW else f"{side}_{carrier}"
        for side in SIDES
        for joint, carrier in (
            ("hip", "pelvis"), ("knee", "hip"), ("ankle", "knee"), ("heel", "ankle"),
            ("toe", "ankle"), ("shoulder", "chest"), ("elbow", "shoulder"),
            ("wrist", "elbow"), ("hand", "wrist"),
        )
    },
}  # fmt: skip
# How far each joint turns at most, about a random axis that wanders [rad].
_SWAY = {"pelvis": 0.5, "spine": 0.15, "chest": 0.2, "neck": 0.4}
_LIMB_SWAY = {"shoulder": 1.0, "hip": 0.6, "wrist": 0.4, "ankle": 0.3}
_FLEX = {"elbow": 1.6, "knee": 1.3}


def humanoid_bones(prefix: str = "") -> dict[str, tuple[str, np.ndarray, np.ndarray]]:
    """Return parent, head and tail of every bone, parents first [m]."""
    bones = dict(_CENTRE)
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        for part, (parent, (x, y, z)) in _SIDE.items():
            carrier = side + parent if parent in _SIDE else parent
            bones[side + part] = (carrier, (sign * x, y, z))
    heads = {name: np.array(head) for name, (_, head) in bones.items()}
    tails = dict(heads)
    for name, (parent, _) in bones.items():  # The last child is the one along it.
        tails[parent] = heads[name]
    for name in tails.keys() & _tips().keys():
        tails[name] = _tips()[name]
    tails["Spine2"], tails["Hips"] = heads["Neck"], heads["Spine"]
    return {
        prefix + name: (parent and prefix + parent, heads[name], tails[name])
        for name, (parent, _) in bones.items()
    }


def _tips() -> dict[str, np.ndarray]:
    tips = {"Head": np.array(_TIPS["Head"])}
    for part in ("Hand", "ToeBase"):
        tips[f"Left{part}"] = np.array(_TIPS[part])
        tips[f"Right{part}"] = np.array(_TIPS[part]) * (-1, 1, 1)
    return tips


def humanoid_roles() -> dict[str, tuple[str, ...]]:
    """Return the bone names of each role of `humanoid_bones`."""
    roles = {
        "hips": ("Hips",),
        "spine": ("Spine", "Spine1", "Spine2"),
        "neck": ("Neck",),
        "head": ("Head",),
    }
    for side in SIDES:
        for role, bone in _ROLES.items():
            roles[f"{side}_{role}"] = (side.capitalize() + bone,)
    return roles


def humanoid_skeleton() -> Skeleton:
    """Return the humanoid with every bone's axes those of the world."""
    bones = humanoid_bones()
    names = tuple(bones)
    return Skeleton(
        names=names,
        parents=tuple(names.index(b[0]) if b[0] else -1 for b in bones.values()),
        heads=np.array([head for _, head, _ in bones.values()]),
        tails=np.array([tail for _, _, tail in bones.values()]),
        rotations=np.tile(np.eye(3), (len(names), 1, 1)),
    )


def random_rotations(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return rotations spread over all there are, shape `(*shape, 3, 3)`."""
    q = unit(rng.normal(size=(*shape, 4)))
    angle = 2 * np.arctan2(np.linalg.norm(q[..., 1:], axis=-1), q[..., 0])
    return about_axis(unit(q[..., 1:]), angle)


def person_like(rest: RigRest) -> np.ndarray:
    """Return the joints of a person who stands as the character does at rest.

    Returns:
        Shape `(28, 3)`, about the pelvis, facing the camera (-Y) [m].
    """
    xyz = np.full((NUM_JOINTS, 3), np.nan)
    parts = {"shoulder": "upper_arm", "elbow": "forearm", "wrist": "hand",
             "hip": "thigh", "knee": "shin", "ankle": "foot"}  # fmt: skip
    for side, sole in zip(SIDES, rest.soles):
        for joint, role in parts.items():
            xyz[ROW[f"{side}_{joint}"]] = rest.head(f"{side}_{role}")
        wrist, elbow = (xyz[ROW[f"{side}_{joint}"]] for joint in ("wrist", "elbow"))
        xyz[ROW[f"{side}_hand"]] = wrist + (wrist - elbow) / 3
        xyz[ROW[f"{side}_heel"]], xyz[ROW[f"{side}_toe"]] = sole[:2]
    hips, shoulders = (
        (xyz[ROW[f"left_{joint}"]] + xyz[ROW[f"right_{joint}"]]) / 2
        for joint in ("hip", "shoulder")
    )
    for joint, share in (("pelvis", 0.0), ("spine", 0.4), ("chest", 0.7), ("neck", 1)):
        xyz[ROW[joint]] = hips + share * (shoulders - hips)
    _add_face(xyz, shoulders, rest)
    xyz = (xyz - xyz[ROW["pelvis"]]) @ rest.facing
    assert np.isfinite(xyz).all()
    return xyz


def _add_face(xyz: np.ndarray, shoulders: np.ndarray, rest: RigRest) -> None:
    left, back, up = rest.facing.T
    ears = shoulders + 0.2 * rest.leg_length * up
    xyz[ROW["head_top"]] = ears + 0.12 * up
    xyz[ROW["nose"]] = ears - 0.12 * (np.cos(NOSE_DROP) * back + np.sin(NOSE_DROP) * up)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        xyz[ROW[f"{side}_ear"]] = ears + sign * 0.07 * left
        xyz[ROW[f"{side}_eye"]] = ears + sign * 0.03 * left - 0.1 * back


def moving(standing: np.ndarray, times: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the person swaying, waving, kicking: smooth, and the same every time.

    Args:
        standing: Joints of the person upright, shape `(28, 3)` [m].
        times: Shape `(F,)` [s].
        seed: Another one is another motion.

    Returns:
        Joints about the pelvis, shape `(F, 28, 3)` [m].
    """
    rng = np.random.default_rng(seed)
    turns = {"": np.tile(np.eye(3), (len(times), 1, 1))}
    xyz = np.zeros((len(times), NUM_JOINTS, 3))
    for name in ("pelvis", *_CARRIER):
        carrier = _CARRIER.get(name, "")
        if carrier:
            offset = standing[ROW[name]] - standing[ROW[carrier]]
            xyz[:, ROW[name]] = xyz[:, ROW[carrier]] + apply(turns[carrier], offset)
        turns[name] = turns[carrier] @ _own_turn(name, standing, times, rng)
    return xyz


def _own_turn(
    name: str, standing: np.ndarray, times: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    joint = name.rsplit("_", maxsplit=1)[-1]
    waves = _waves(times, rng)
    if joint in _FLEX and name != joint:
        return about_axis(
            np.broadcast_to(_hinge(name, standing), (len(times), 3)),
            _FLEX[joint] * (0.5 + 0.5 * waves[:, 0]),
        )
    vector = (_SWAY.get(name) or _LIMB_SWAY.get(joint, 0.0)) * waves
    angle = np.linalg.norm(vector, axis=-1)
    return about_axis(vector / np.maximum(angle, 1e-9)[:, np.newaxis], angle)


def _hinge(name: str, standing: np.ndarray) -> np.ndarray:
    """Return the axis about which an elbow or a knee flexes, standing."""
    side, joint = name.split("_")
    above, way = {"elbow": ("shoulder", -1.0), "knee": ("hip", 1.0)}[joint]
    upper = standing[ROW[name]] - standing[ROW[f"{side}_{above}"]]
    return unit(np.cross(upper, (0.0, way, 0.0)))


def _waves(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return three smooth curves between -1 and 1, shape `(F, 3)`."""
    rates, phases = rng.uniform(0.2, 0.6, (2, 3)), rng.uniform(0, 2 * np.pi, (2, 3))
    t = times[:, np.newaxis, np.newaxis]
    return np.sin(2 * np.pi * rates * t + phases).mean(axis=1)


def world_motion(xyz: np.ndarray, fps: float = 30.0, **values) -> WorldMotion:
    """Return joints as a motion that stays in its place, unless `values` say more."""
    num_frames = len(xyz)
    still = {
        "times": np.arange(num_frames) / fps,
        "path": np.zeros((num_frames, 3)),
        "clearance": np.zeros(num_frames),
    }
    return WorldMotion(xyz=xyz, **(still | values))


def seen_by_camera(
    xyz: np.ndarray, path: np.ndarray, times: np.ndarray
) -> list[Joints3D]:
    """Return world joints as a level camera sees them, three metres away."""
    camera_from_world = WORLD_FROM_CAMERA.T
    roots = path @ camera_from_world.T + (0.0, 0.0, 3.0)
    return [
        Joints3D(joints @ camera_from_world.T, root, np.ones(NUM_JOINTS), float(t))
        for joints, root, t in zip(xyz, roots, times)
    ]
