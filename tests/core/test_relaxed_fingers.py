# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingers at rest bend towards the palm, whichever way hand and bones are turned."""

from dataclasses import replace

import numpy as np
import pytest

from tests.humanoid import random_rotations
from vitpose_blender.core.relaxed_fingers import relaxed_fingers
from vitpose_blender.core.rotations import about_axis
from vitpose_blender.core.skeleton import Skeleton

FINGERS = ("index", "middle", "ring", "pinky")
PALM = np.array([0.0, 0.0, -1.0])  # A left hand along +X, its thumb's side to -Y.


def hand(side="left", bend=0.0):
    """Return a flat hand, palm down, and its bones by role."""
    names, parents, heads, tails = [f"{side}_hand"], [-1], [np.zeros(3)], []
    for place, finger in enumerate(FINGERS):
        head, direction = np.array([0.09, 0.03 * (place - 1.5), 0.0]), np.eye(3)[0]
        for joint in range(3):
            direction = (
                about_axis(np.array([0.0, 1.0, 0.0]), np.asarray(bend)) @ direction
            )
            names.append(f"{side}_{finger}{joint}")
            parents.append(len(names) - 2 if joint else 0)
            heads.append(head)
            head = head + 0.03 * direction
            tails.append(head)
    mirror = np.diag([1.0 if side == "left" else -1.0, 1.0, 1.0])
    skeleton = Skeleton(
        tuple(names), tuple(parents), np.array(heads) @ mirror,
        np.array([np.eye(3)[0] * 0.09, *tails]) @ mirror,
        np.tile(np.eye(3), (len(names), 1, 1)),
    )  # fmt: skip
    roles = {f"{side}_hand": (names[0],)}
    roles |= {
        f"{side}_{finger}": tuple(n for n in names if finger in n) for finger in FINGERS
    }
    return skeleton, roles


def fingertip_moves(skeleton, relaxed, side):
    """Return how each fingertip moves when the fingers relax, shape `(4, 3)`."""
    moves = []
    for finger in FINGERS:
        turn, before, after = np.eye(3), None, None
        for joint in range(3):
            row = skeleton.names.index(f"{side}_{finger}{joint}")
            before = skeleton.heads[row] if before is None else before
            after = before if after is None else after
            w, x, y, z = relaxed[skeleton.names[row]]
            local = about_axis(
                np.array([x, y, z]) / max(np.linalg.norm([x, y, z]), 1e-12),
                np.asarray(2 * np.arctan2(np.linalg.norm([x, y, z]), w)),
            )
            axes = skeleton.rotations[row]
            turn = turn @ axes @ local @ axes.T
            bone = skeleton.tails[row] - skeleton.heads[row]
            after = after + turn @ bone
            before = before + bone
        moves.append(after - before)
    return np.array(moves)


@pytest.mark.parametrize("side", ["left", "right"])
def test_fingers_bend_towards_the_palm(side):
    skeleton, roles = hand(side)
    moves = fingertip_moves(skeleton, relaxed_fingers(skeleton, roles), side)
    assert (moves @ PALM > 0.02).all()
    assert np.abs(moves[:, 1]).max() < 1e-6  # Not sideways.


def test_the_little_finger_bends_most():
    skeleton, roles = hand()
    moves = fingertip_moves(skeleton, relaxed_fingers(skeleton, roles), "left")
    assert (np.diff(moves @ PALM) > 0).all()


def test_rolled_bones_and_turned_hands_bend_alike(rng):
    skeleton, roles = hand()
    plain = fingertip_moves(skeleton, relaxed_fingers(skeleton, roles), "left")
    turn = random_rotations(rng)
    turned = replace(
        skeleton,
        heads=skeleton.heads @ turn.T,
        tails=skeleton.tails @ turn.T,
        rotations=random_rotations(rng, len(skeleton.names)),
    )
    moves = fingertip_moves(turned, relaxed_fingers(turned, roles), "left")
    np.testing.assert_allclose(moves, plain @ turn.T, atol=1e-9)


def test_a_mirrored_armature_bends_its_fingers_the_right_way():
    """Its bones are those of the other hand; the object turns it into this one."""
    skeleton, roles = hand("right")
    roles = {role.replace("right", "left"): names for role, names in roles.items()}
    mirrored = replace(skeleton, world_from_rig=np.diag([-1.0, 1.0, 1.0, 1.0]))
    moves = fingertip_moves(mirrored, relaxed_fingers(mirrored, roles), "right")
    assert (moves @ PALM > 0.02).all()


def test_fingers_already_bent_stay():
    skeleton, roles = hand(bend=0.7)
    relaxed = relaxed_fingers(skeleton, roles)
    for quaternion in relaxed.values():
        np.testing.assert_allclose(np.abs(quaternion), (1, 0, 0, 0), atol=1e-9)


def test_a_hand_with_one_finger_shows_no_palm():
    skeleton, roles = hand()
    few = {
        role: names
        for role, names in roles.items()
        if "index" in role or "hand" in role
    }
    assert relaxed_fingers(skeleton, few) == {}
