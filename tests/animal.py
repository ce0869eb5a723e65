# SPDX-License-Identifier: GPL-3.0-or-later
"""A small four-legged animal and how it trots, made by code: what tests animate."""

import numpy as np

from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.layouts import AP10K17, SIDES
from vitpose_blender.core.rig_rest import RigRest
from vitpose_blender.core.rotations import about_axis
from vitpose_blender.core.skeleton import Skeleton

# Bone: parent and head [m]; it faces -Y, left at +X.
_CENTRE = {
    "pelvis": ("", (0.0, 0.32, 0.6)),
    "back1": ("pelvis", (0.0, 0.2, 0.62)),
    "back2": ("back1", (0.0, -0.05, 0.62)),
    "neck": ("back2", (0.0, -0.32, 0.66)),
    "head": ("neck", (0.0, -0.48, 0.84)),
    "tail1": ("pelvis", (0.0, 0.42, 0.6)),
    "tail2": ("tail1", (0.0, 0.55, 0.5)),
}
_SIDE = {
    "blade": ("back2", (0.05, -0.22, 0.6)),
    "humerus": ("blade", (0.08, -0.3, 0.48)),
    "radius": ("humerus", (0.08, -0.22, 0.32)),
    "forepaw": ("radius", (0.08, -0.24, 0.06)),
    "femur": ("pelvis", (0.07, 0.32, 0.55)),
    "tibia": ("femur", (0.08, 0.22, 0.36)),
    "hock": ("tibia", (0.08, 0.4, 0.2)),
    "hindpaw": ("hock", (0.08, 0.36, 0.03)),
}
_ROLES = {
    "clavicle": "blade", "upper_arm": "humerus", "forearm": "radius", "hand": "forepaw",
    "thigh": "femur", "shin": "tibia", "foot": "hock", "toe": "hindpaw",
}  # fmt: skip
_TIPS = {
    "head": (0.0, -0.66, 0.78), "tail2": (0.0, 0.65, 0.4),
    "forepaw": (0.08, -0.28, 0.0), "hindpaw": (0.08, 0.3, 0.0),
}  # fmt: skip
# Where each keypoint is on the animal at rest: a bone's head, or a place.
_KEYPOINTS = {
    "*_front_shoulder": "humerus", "*_front_elbow": "radius",
    "*_back_hip": "femur", "*_back_knee": "tibia", "*_back_paw": "hindpaw",
}  # fmt: skip


def animal_bones() -> dict[str, tuple[str, np.ndarray, np.ndarray]]:
    """Return parent, head and tail of every bone, parents first [m]."""
    bones = dict(_CENTRE)
    tips = dict(_TIPS)
    for side, sign in (("l", 1.0), ("r", -1.0)):
        for part, (parent, (x, y, z)) in _SIDE.items():
            carrier = f"{parent}_{side}" if parent in _SIDE else parent
            bones[f"{part}_{side}"] = (carrier, (sign * x, y, z))
            if part in tips:
                tips[f"{part}_{side}"] = (sign * _TIPS[part][0], *_TIPS[part][1:])
    heads = {name: np.array(head) for name, (_, head) in bones.items()}
    tails = {name: head + (0.0, 0.0, 0.05) for name, head in heads.items()}  # noqa: RUF005
    for name, (parent, _) in bones.items():
        if parent not in ("", "pelvis", "back2"):
            tails[parent] = heads[name]
    tails |= {name: np.array(tip) for name, tip in tips.items() if name in heads}
    tails["back2"], tails["pelvis"] = heads["neck"], heads["back1"]
    return {
        name: (parent, heads[name], tails[name]) for name, (parent, _) in bones.items()
    }


def animal_roles() -> dict[str, tuple[str, ...]]:
    """Return the bone names of each role of `animal_bones`."""
    roles = {
        "hips": ("pelvis",), "spine": ("back1", "back2"), "neck": ("neck",),
        "head": ("head",), "tail": ("tail1", "tail2"),
    }  # fmt: skip
    for side in SIDES:
        for role, bone in _ROLES.items():
            roles[f"{side}_{role}"] = (f"{bone}_{side[0]}",)
    return roles


def animal_skeleton() -> Skeleton:
    """Return the animal with every bone's axes those of the world."""
    bones = animal_bones()
    names = tuple(bones)
    return Skeleton(
        names=names,
        parents=tuple(names.index(b[0]) if b[0] else -1 for b in bones.values()),
        heads=np.array([head for _, head, _ in bones.values()]),
        tails=np.array([tail for _, _, tail in bones.values()]),
        rotations=np.tile(np.eye(3), (len(names), 1, 1)),
    )


def animal_rest() -> RigRest:
    return build_rig_rest(animal_skeleton(), animal_roles(), body="quadruped")


def standing_keypoints() -> np.ndarray:
    """Return AP-10K's joints of the animal at rest, shape `(17, 3)` [m]."""
    bones = animal_bones()
    xyz = np.full((len(AP10K17), 3), np.nan)
    row = AP10K17.index
    for side in SIDES:
        for keypoint, bone in _KEYPOINTS.items():
            xyz[row[keypoint.replace("*", side)]] = bones[f"{bone}_{side[0]}"][1]
        xyz[row[f"{side}_front_paw"]] = bones[f"forepaw_{side[0]}"][2]
    head = bones["head"][1]
    for side, sign in zip(SIDES, (1.0, -1.0)):
        xyz[row[f"{side}_eye"]] = head + np.array([sign * 0.04, 0.0, 0.0])
    xyz[row["nose"]] = bones["head"][2]
    xyz[row["neck"]], xyz[row["tail_root"]] = bones["neck"][1], bones["tail1"][1]
    return xyz


def trotting(times: np.ndarray) -> np.ndarray:
    """Return the animal on its way, diagonal legs together, `(F, 17, 3)` [m]."""
    xyz = np.tile(standing_keypoints(), (len(times), 1, 1))
    row = AP10K17.index
    sideways = np.array([1.0, 0.0, 0.0])
    for side in SIDES:
        for part, names in (
            ("front", ("shoulder", "elbow", "paw")), ("back", ("hip", "knee", "paw")),
        ):  # fmt: skip
            is_first = (side == "left") == (part == "front")
            phase = 2 * np.pi * 1.5 * times + (0 if is_first else np.pi)
            root, hinge, paw = (row[f"{side}_{part}_{name}"] for name in names)
            swing = about_axis(sideways, 0.35 * np.sin(phase))
            for joint in (hinge, paw):
                away = xyz[:, joint] - xyz[:, root]
                xyz[:, joint] = xyz[:, root] + np.einsum("fij,fj->fi", swing, away)
    xyz[..., 1] -= 1.2 * times[:, np.newaxis]
    xyz[..., 2] += 0.02 * np.abs(np.sin(2 * np.pi * 1.5 * times))[:, np.newaxis]
    return xyz
