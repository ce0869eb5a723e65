# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user interface calls the roles of a body, and how it groups them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ..core.layouts import SIDES
from ..core.rig import FINGER_ROLES, LIMB_ROLES, TWIST_ROLES


@dataclass(frozen=True)
class RoleGroup:
    """Roles that stand together in the bone map.

    Attributes:
        name: Heading, as people read it.
        roles: In the order of the body.
        is_open: Whether they show before anybody asks.
    """

    name: str
    roles: tuple[str, ...]
    is_open: bool = True


GROUPS = (
    RoleGroup("Trunk", ("hips", "spine")),
    RoleGroup("Head", ("neck", "head", "jaw", "left_eye", "right_eye")),
    *(
        RoleGroup(f"{side.title()} {limb}", tuple(f"{side}_{part}" for part in parts))
        for limb, parts in (("Arm", LIMB_ROLES[:4]), ("Leg", LIMB_ROLES[4:]))
        for side in SIDES
    ),
    *(
        RoleGroup(
            f"{side.title()} {name}",
            tuple(f"{side}_{part}" for part in parts),
            is_open=False,
        )
        for name, parts in (("Fingers", FINGER_ROLES), ("Twist", TWIST_ROLES))
        for side in SIDES
    ),
    RoleGroup("Tail", ("tail",), is_open=False),
)

_PARTS = {
    "hips": "The bone that carries the whole body: legs and spine hang on it",
    "spine": "The bones of the back from the hips up to where the arms begin",
    "neck": "The bones between the chest and the head",
    "head": "The bone that carries the skull",
    "jaw": "The bone that opens the mouth; not needed",
    "tail": "The bones of a tail from its root to its tip; not needed",
    "clavicle": "The bone from the chest to the shoulder joint; the shoulder blade of "
    "an animal. Not needed",
    "upper_arm": "The bone from the shoulder to the elbow; of an animal, the upper "
    "bone of the front leg",
    "forearm": "The bone from the elbow to the wrist, or below the front leg's elbow",
    "hand": "The bone at the wrist that carries the fingers, or a front paw",
    "thigh": "The bone from the hip joint to the knee",
    "shin": "The bone from the knee to the ankle",
    "foot": "The bone at the ankle that carries the toes",
    "toe": "The bone at the ball of the foot; not needed",
    "eye": "The bone that turns the eyeball; not needed",
    "upper_arm_twist": "Bones that share the turn of the upper arm; not needed",
    "forearm_twist": "Bones that share the turn of the wrist; not needed",
    "thigh_twist": "Bones that share the turn of the thigh; not needed",
    "shin_twist": "Bones that share the turn of the ankle; not needed",
}


def side_of(role: str) -> str:
    """Return `left`, `right`, or nothing for a role in the middle of the body."""
    return next((side for side in SIDES if role.startswith(f"{side}_")), "")


def part_of(role: str) -> str:
    """Return a role without its side."""
    return role.removeprefix(f"{side_of(role)}_")


def role_label(role: str) -> str:
    """Return what people call a role: `left_upper_arm` is the Left Upper Arm."""
    label = role.replace("_", " ").title()
    return f"{label} Finger" if part_of(role) in FINGER_ROLES[1:] else label


def short_label(role: str, group: RoleGroup) -> str:
    """Return what a role is called under its group's heading."""
    side = side_of(role)
    if not side or not group.name.startswith(side.title()):
        return role_label(role)
    return part_of(role).removesuffix("_twist").replace("_", " ").title()


def role_labels(roles: Iterable[str]) -> list[str]:
    """Return what roles are called, those of both sides once and without a side."""
    wanted = list(roles)
    sides = Counter(map(part_of, wanted))
    labels = [
        role_label(part_of(role) if sides[part_of(role)] > 1 else role)
        for role in wanted
    ]
    return list(dict.fromkeys(labels))


def role_description(role: str) -> str:
    """Return which bone plays the role, for somebody who sees it the first time."""
    part = part_of(role)
    text = _PARTS.get(part, f"The bones of the {part} finger, without the palm's")
    if part == "thumb":
        text = "The bones of the thumb from its root to its tip"
    side = side_of(role)
    return f"{text}. On the character's own {side}" if side else text
