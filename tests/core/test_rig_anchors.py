# SPDX-License-Identifier: GPL-3.0-or-later
"""Carriers follow anatomy, and bones that the armature hangs elsewhere are told."""

from dataclasses import replace

import numpy as np
import pytest

from tests.humanoid import humanoid_roles, humanoid_skeleton
from vitpose_blender.core.build_rest import build_rig_rest


def hung(skeleton, **carriers):
    """Return the skeleton with some bones hung on others, or on nothing."""
    parents = list(skeleton.parents)
    for bone, carrier in carriers.items():
        parents[skeleton.names.index(bone)] = (
            skeleton.names.index(carrier) if carrier else -1
        )
    return replace(skeleton, parents=tuple(parents))


def carriers_of(rest):
    return {
        name: rest.names[anchor] if anchor >= 0 else ""
        for name, anchor in zip(rest.names, rest.anchors)
    }


def detached(rest):
    return {name for name, is_loose in zip(rest.names, rest.detached) if is_loose}


def rest_of(**carriers):
    return build_rig_rest(hung(humanoid_skeleton(), **carriers), humanoid_roles())


def test_a_plain_armature_tells_its_place_to_the_hips_alone():
    assert detached(rest_of()) == {"Hips"}


@pytest.mark.parametrize(
    ("carriers", "loose"),
    [
        ({"LeftUpLeg": "Spine", "RightUpLeg": "Spine"}, {"LeftUpLeg", "RightUpLeg"}),
        ({"LeftShoulder": "Neck"}, {"LeftShoulder"}),
        ({"Spine": "", "LeftUpLeg": ""}, {"Spine", "LeftUpLeg"}),
        ({"LeftForeArm": "", "LeftHand": ""}, {"LeftForeArm", "LeftHand"}),
    ],
    ids=["legs on the spine", "clavicle on the neck", "several roots", "flat"],
)
def test_wherever_bones_hang_the_body_carries_them(carriers, loose):
    rest = rest_of(**carriers)
    assert carriers_of(rest) == carriers_of(rest_of())
    assert detached(rest) == loose | {"Hips"}


def test_the_arms_stay_on_the_spine_bone_that_holds_them():
    rest = rest_of(LeftShoulder="Spine1")
    assert carriers_of(rest)["LeftShoulder"] == "Spine1"
    assert "LeftShoulder" not in detached(rest)


def test_a_limb_in_pieces_is_no_chain():
    chains = {limb.name: limb.is_chain for limb in rest_of(LeftForeArm="").limbs}
    assert chains == {
        "left_arm": False, "right_arm": True, "left_leg": True, "right_leg": True
    }  # fmt: skip


def test_carriers_come_first_whatever_the_armatures_order():
    skeleton, roles = humanoid_skeleton(), humanoid_roles()
    rest = build_rig_rest(skeleton, dict(reversed(roles.items())))
    assert all(anchor < row for row, anchor in enumerate(rest.anchors))
    np.testing.assert_array_equal(rest.heads, build_rig_rest(skeleton, roles).heads)
