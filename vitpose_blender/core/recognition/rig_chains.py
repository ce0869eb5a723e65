# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bones of a spine and a neck really are that, by what hangs on them.

Names number a back from root to tip and do not say where its parts end: control rigs
turn the lower spine about a pivot, so that part of it carries the pelvis instead of the
chest; and some backs have one bone more below the neck than others of the same names.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ..layouts import SIDES
from ..skeleton import Skeleton
from ..types import FloatArray

# A neck bone that begins this much of the trunk's length below the arms' roots and
# carries them is one of the spine, unless it is the only one.
_BELOW = 0.08

Chains = Mapping[str, tuple[str, ...]]


def fit_chains(skeleton: Skeleton, bones: Chains) -> dict[str, tuple[str, ...]]:
    """Return the roles with spine and neck as the armature's hierarchy has them.

    Args:
        skeleton: The whole armature.
        bones: Bone names of each role, all of which the skeleton has.
    """
    fitted = _move_neck_to_spine(skeleton, bones)
    carried = _names(fitted, "neck", "head", *_arm_roots(fitted))
    carriers = _ancestors(skeleton, carried)
    spine = fitted.get("spine", ())
    kept = tuple(name for name in spine if name in carriers)
    if kept:
        fitted["spine"] = kept
    return fitted


def _move_neck_to_spine(
    skeleton: Skeleton, bones: Chains
) -> dict[str, tuple[str, ...]]:
    neck, arms = bones.get("neck", ()), _names(bones, *_arm_roots(bones))
    legs = _names(bones, *(f"{side}_thigh" for side in SIDES))
    if not (arms and legs):
        return dict(bones)
    carriers = _ancestors(skeleton, arms)
    arm_root = _mean_head(skeleton, arms)
    trunk = arm_root - _mean_head(skeleton, legs)
    moved = 0
    for name in neck[:-1]:
        drop = (arm_root - _mean_head(skeleton, (name,))) @ trunk / (trunk @ trunk)
        if name not in carriers or drop < _BELOW:
            break
        moved += 1
    return _without_empty(
        {**bones, "spine": bones.get("spine", ()) + neck[:moved], "neck": neck[moved:]}
    )


def _without_empty(bones: Chains) -> dict[str, tuple[str, ...]]:
    return {role: names for role, names in bones.items() if names}


def _arm_roots(bones: Chains) -> list[str]:
    """Return the roles that hang on a chest: clavicles, else upper arms."""
    pairs = [[f"{side}_{part}" for side in SIDES] for part in ("clavicle", "upper_arm")]
    return next((pair for pair in pairs if all(role in bones for role in pair)), [])


def _names(bones: Chains, *roles: str) -> tuple[str, ...]:
    return tuple(name for role in roles for name in bones.get(role, ()))


def _ancestors(skeleton: Skeleton, names: Sequence[str]) -> set[str]:
    """Return every bone that carries one of the named ones."""
    found = set()
    for name in names:
        row = skeleton.parents[skeleton.names.index(name)]
        while row >= 0 and skeleton.names[row] not in found:
            found.add(skeleton.names[row])
            row = skeleton.parents[row]
    return found


def _mean_head(skeleton: Skeleton, names: Sequence[str]) -> FloatArray:
    rows = [skeleton.names.index(name) for name in names]
    mean: FloatArray = np.mean(skeleton.heads[rows], axis=0)
    return mean
