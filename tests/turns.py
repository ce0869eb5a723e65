# SPDX-License-Identifier: GPL-3.0-or-later
"""How driven bones are turned and where they are, for tests to compare."""

import numpy as np

from tests.humanoid import humanoid_roles
from vitpose_blender.core.build_rest import build_rig_rest
from vitpose_blender.core.retarget import bone_target_names
from vitpose_blender.core.rotations import about_axis, transpose, unit


def matrices(quaternions):
    w, vector = quaternions[..., :1], quaternions[..., 1:]
    angle = 2 * np.arctan2(np.linalg.norm(vector, axis=-1), w[..., 0])
    norms = np.linalg.norm(vector, axis=-1, keepdims=True)
    return about_axis(vector / np.maximum(norms, 1e-12), angle)


def bone_heads(motion, rest):
    """Return where each bone's head is, by role; the first one of chains."""
    names = bone_target_names(rest)
    return {name: motion.location[:, row] for row, name in enumerate(names)}


def bone_turns(motion, rest):
    """Return each bone's turn away from rest, `(F, D, 3, 3)`."""
    rotations = matrices(motion.rotation[:, : len(rest.names)])
    return rotations @ transpose(rest.rotations)


def angles_deg(a, b):
    """Angles between vectors, exact for small ones too."""
    a, b = unit(a), unit(b)
    sine = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.degrees(np.arctan2(sine, np.sum(a * b, axis=-1)))


def turn_angles_deg(a, b):
    half_sine = np.linalg.norm(a - b, axis=(-2, -1)) / np.sqrt(8)
    return np.degrees(2 * np.arcsin(np.minimum(half_sine, 1.0)))


def rest_of(skeleton):
    return build_rig_rest(skeleton, humanoid_roles())
