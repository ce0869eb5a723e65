# SPDX-License-Identifier: GPL-3.0-or-later
"""What a frame leaves the next, to and from JSON values: takes carry it along."""

from typing import Any

import numpy as np

from .motion import Memory
from .types import FloatArray


def memory_to_dict(memory: Memory) -> dict[str, Any]:
    """Return a memory as JSON values; nothing of it is rounded."""
    return {
        "turns": None if memory.turns is None else memory.turns.tolist(),
        "path": memory.path.tolist(),
        "hinges": {
            name: [axis.tolist(), upper.tolist(), t]
            for name, (axis, upper, t) in memory.hinges.items()
        },
        "twists": {name: list(twist) for name, twist in memory.twists.items()},
        "leg_length": memory.leg_length,
        "spine_offset": memory.spine_offset,
        "lean": memory.lean,
        "upright": {name: list(seen) for name, seen in memory.upright.items()},
    }


def memory_from_dict(value: Any, num_bones: int) -> Memory:
    """Return the memory of JSON values, as far as they are one.

    Args:
        value: What `memory_to_dict` made, or anything else.
        num_bones: Of the character; what was held for one with other bones is left
            out, and what is known about the person stays.
    """
    if not isinstance(value, dict):
        return Memory()
    try:
        memory = _about_person(value)
        turns = _array(value.get("turns"), (num_bones, 3, 3))
        if turns is not None:
            memory.turns = turns
            memory.hinges = _hinges(value.get("hinges") or {})
            memory.twists = {
                str(name): (float(angle), float(t))
                for name, (angle, t) in (value.get("twists") or {}).items()
            }
    except (AttributeError, TypeError, ValueError):
        return Memory()
    return memory


def _about_person(value: dict[str, Any]) -> Memory:
    path = _array(value.get("path"), (3,))
    return Memory(
        path=np.zeros(3) if path is None else path,
        leg_length=_number(value.get("leg_length")),
        spine_offset=_number(value.get("spine_offset")),
        lean=_number(value.get("lean")),
        upright={
            str(name): (float(total), int(number))
            for name, (total, number) in (value.get("upright") or {}).items()
        },
    )


def _hinges(value: dict[str, Any]) -> dict[str, tuple[FloatArray, FloatArray, float]]:
    hinges = {}
    for name, (axis, upper, t) in value.items():
        arrays = _array(axis, (3,)), _array(upper, (3,))
        if arrays[0] is not None and arrays[1] is not None:
            hinges[str(name)] = (arrays[0], arrays[1], float(t))
    return hinges


def _array(value: Any, shape: tuple[int, ...]) -> FloatArray | None:
    if value is None:
        return None
    array = np.array(value, dtype=np.float64)
    return array if array.shape == shape and np.isfinite(array).all() else None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
