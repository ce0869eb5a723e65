# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an armature can be bound, and if not, what to do about it."""

import numpy as np
from bpy.types import Object

from ..core.errors import CharacterError
from . import access

_FLAT = 1e-5  # The smallest scale that is not nothing, as a share of the largest.


def check_can_bind(armature: Object) -> None:
    """Refuse an armature that cannot be bound; nothing is changed.

    Raises:
        CharacterError: It is no armature, belongs to another file, is being edited,
            or has no size.
    """
    reason = (
        _wrong_kind(armature)
        or _from_elsewhere(armature)
        or _being_edited(armature)
        or _not_there(armature)
    )
    if reason:
        raise CharacterError(f"{armature.name!r} {reason}")


def _wrong_kind(armature: Object) -> str:
    if armature.type != "ARMATURE":
        kind = armature.type.lower().replace("_", " ")
        return f"is no armature ({kind}): select the character's armature"
    if not access.armature_data(armature).bones:
        return "has no bones: select the character's own armature"
    return ""


def _from_elsewhere(armature: Object) -> str:
    data = access.armature_data(armature)
    if armature.override_library or data.override_library:
        return (
            "overrides a character of another file: make it local with Object > "
            "Library Override > Make > Clear, or append the character instead"
        )
    library = armature.library or data.library
    if library is not None:
        return (
            f"is linked from {library.name}: make it local with Object > Relations > "
            "Make Local > All, or append the character instead"
        )
    return ""


def _being_edited(armature: Object) -> str:
    if access.armature_data(armature).is_editmode:
        return "is in edit mode: leave it with Tab"
    animation = armature.animation_data
    if animation is not None and animation.use_tweak_mode:
        return "has an NLA strip in tweak mode: leave it with Tab in the NLA editor"
    return ""


def _not_there(armature: Object) -> str:
    if armature.name not in access.scene().objects:
        return "is not in the open scene: link it there, or open its scene"
    sizes = np.linalg.svd(np.array(armature.matrix_world.to_3x3()), compute_uv=False)
    if not sizes[-1] > _FLAT * sizes[0] > 0:
        return "is scaled to nothing: give it a scale above zero on every axis"
    return ""
