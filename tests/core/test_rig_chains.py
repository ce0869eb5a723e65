# SPDX-License-Identifier: GPL-3.0-or-later
"""Spines and necks end where the hierarchy says, whatever the bones' numbers say."""

from dataclasses import replace

import numpy as np

from tests.humanoid import humanoid_roles, humanoid_skeleton
from vitpose_blender.core.recognition.rig_chains import fit_chains


def with_bone(skeleton, name, parent, above, lift=0.0):
    """Return the skeleton with one bone more, between a bone and its parent."""
    row, below = skeleton.names.index(parent), skeleton.names.index(above)
    parents = [*skeleton.parents, row]
    parents[below] = len(skeleton.names)
    head = skeleton.heads[row] + (0.0, 0.0, lift)
    return replace(
        skeleton,
        names=(*skeleton.names, name),
        parents=tuple(parents),
        heads=np.vstack([skeleton.heads, head]),
        tails=np.vstack([skeleton.tails, head]),
        rotations=np.concatenate([skeleton.rotations, np.eye(3)[np.newaxis]]),
    )


def hung(skeleton, bone, carrier):
    parents = list(skeleton.parents)
    parents[skeleton.names.index(bone)] = skeleton.names.index(carrier)
    return replace(skeleton, parents=tuple(parents))


def test_a_plain_back_stays_as_it_is():
    roles = dict(humanoid_roles())
    assert fit_chains(humanoid_skeleton(), roles) == roles


def test_spine_bones_that_carry_only_the_pelvis_are_left_out():
    """As on a rig that turns the lower spine about a pivot."""
    skeleton = with_bone(humanoid_skeleton(), "Lower", "Hips", "LeftUpLeg")
    roles = dict(humanoid_roles())
    backward = {**roles, "spine": ("Lower", *roles["spine"])}
    assert fit_chains(skeleton, backward) == roles


def test_a_hierarchy_without_a_back_leaves_the_spine_alone():
    skeleton = humanoid_skeleton()
    flat = replace(skeleton, parents=(-1,) * len(skeleton.names))
    roles = dict(humanoid_roles())
    assert fit_chains(flat, roles) == roles


def test_a_neck_bone_below_the_arms_that_carries_them_is_of_the_spine():
    skeleton = humanoid_skeleton()
    roles = dict(humanoid_roles())
    *spine, last = roles["spine"]
    counted = {**roles, "spine": tuple(spine), "neck": (last, *roles["neck"])}
    assert fit_chains(skeleton, counted) == roles


def test_a_neck_that_carries_the_arms_at_their_height_stays_the_neck():
    """As in 3ds Max, where clavicles hang on the neck."""
    skeleton, roles = humanoid_skeleton(), dict(humanoid_roles())
    (neck,) = roles["neck"]
    for side in ("left", "right"):
        skeleton = hung(skeleton, roles[f"{side}_clavicle"][0], neck)
    assert fit_chains(skeleton, roles) == roles


def test_a_body_without_arms_is_left_alone():
    roles = {"hips": ("Hips",), "neck": ("Neck",)}
    assert fit_chains(humanoid_skeleton(), roles) == roles
