# SPDX-License-Identifier: GPL-3.0-or-later
"""No part of a character is left behind, whatever its armature hangs it on."""

from dataclasses import replace

import numpy as np
import pytest

from tests.humanoid import (
    humanoid_roles,
    humanoid_skeleton,
    moving,
    person_like,
    world_motion,
)
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.retarget import retarget

FPS = 30.0


def with_bones(*bones):
    """Return the humanoid with more bones: name, parent (or none) and head."""
    skeleton = humanoid_skeleton()
    names = [*skeleton.names, *(name for name, _, _ in bones)]
    heads = np.array([head for _, _, head in bones])
    count = len(bones)
    return replace(
        skeleton,
        names=tuple(names),
        parents=(
            *skeleton.parents,
            *(names.index(parent) if parent else -1 for _, parent, _ in bones),
        ),
        heads=np.concatenate([skeleton.heads, heads]),
        tails=np.concatenate([skeleton.tails, heads + 0.05]),
        rotations=np.concatenate(
            [skeleton.rotations, np.tile(np.eye(3), (count, 1, 1))]
        ),
    )


def carrier_of(rest, name):
    return rest.names[rest.anchors[rest.names.index(name)]]


@pytest.mark.parametrize(
    ("head", "carrier"),
    [
        ((0.62, 0.0, 0.95), "LeftHand"),
        ((0.45, 0.0, 1.12), "LeftForeArm"),
        ((-0.1, -0.05, 0.3), "RightLeg"),
        ((0.0, 0.05, 1.75), "Head"),
    ],
    ids=["finger", "sleeve", "boot", "hair"],
)
def test_a_loose_bone_follows_the_nearest_part(head, carrier):
    rest = build_rig_rest(with_bones(("Loose", "", head)), humanoid_roles())
    assert carrier_of(rest, "Loose") == carrier
    assert rest.detached[rest.names.index("Loose")]


def test_what_hangs_on_a_loose_bone_goes_along_untold():
    skeleton = with_bones(
        ("Loose", "", (0.62, 0, 0.95)), ("Tip", "Loose", (0.7, 0, 0.9))
    )
    assert "Tip" not in build_rig_rest(skeleton, humanoid_roles()).names


def test_a_loose_bone_that_carries_a_limb_follows_what_carries_the_limb():
    skeleton = with_bones(("HipJoint", "", (0.02, 0.0, 0.93)))
    parents = list(skeleton.parents)
    parents[skeleton.names.index("LeftUpLeg")] = skeleton.names.index("HipJoint")
    rest = build_rig_rest(replace(skeleton, parents=tuple(parents)), humanoid_roles())
    assert carrier_of(rest, "HipJoint") == "Hips"
    assert carrier_of(rest, "LeftUpLeg") == "Hips"


def test_the_bone_above_the_hips_stays_where_it_is():
    skeleton = with_bones(("Root", "", (0.0, 0.0, 0.0)))
    parents = list(skeleton.parents)
    parents[skeleton.names.index("Hips")] = skeleton.names.index("Root")
    rest = build_rig_rest(replace(skeleton, parents=tuple(parents)), humanoid_roles())
    assert "Root" not in rest.names


def test_what_somebody_else_holds_is_left_alone():
    skeleton = with_bones(("Pole", "", (0.1, -0.5, 0.5)))
    held = replace(skeleton, held=frozenset({"Pole"}))
    assert "Pole" not in build_rig_rest(held, humanoid_roles()).names


def test_a_loose_bone_keeps_its_place_on_the_part_it_follows():
    rest = build_rig_rest(with_bones(("Loose", "", (0.62, 0, 0.95))), humanoid_roles())
    xyz = moving(person_like(rest), np.arange(60) / FPS)
    motion = retarget(world_motion(xyz, FPS), rest)
    loose, hand = (rest.names.index(name) for name in ("Loose", "LeftHand"))
    away = np.linalg.norm(motion.location[:, loose] - motion.location[:, hand], axis=1)
    np.testing.assert_allclose(away, away[0])
    assert np.ptp(motion.location[:, loose], axis=0).max() > 0.1
