# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything in the open file that a user could notice, as values to compare."""

from typing import Any

import bpy

Fingerprint = dict[str, Any]

# Not of the file, or the way to something that is walked elsewhere. A painting tool
# without a brush, `uv_sculpt`, crashes Blender 4.2.
_PASSED_OVER = {
    *("rna_type", "original", "id_data", "session_uid", "is_evaluated"),
    *(
        "depsgraph",
        "statistics",
        "preview",
        "asset_data",
        "is_runtime_data",
        "use_nodes",
        "uv_sculpt",
    ),
    *(
        "is_updated",
        "is_updated_data",
        "animation_visualization",
        "library_weak_reference",
    ),
}
# What these hold is compared by name, or by number of elements.
_ONLY_NAMED = {
    "window_managers",
    "screens",
    "workspaces",
    "brushes",
    "palettes",
    "linestyles",
}
_WALKED = ("objects", "armatures", "collections", "actions", "scenes", "shape_keys")


def fingerprint(data: bpy.types.BlendData) -> Fingerprint:
    """Return what the file holds, by the path to each value.

    Objects, armatures, collections, actions and scenes are walked to their last
    property, custom ones and drivers included; of all else the names and users count.
    """
    bpy.context.view_layer.update()
    found: Fingerprint = {}
    for kind in data.bl_rna.properties:
        if kind.type == "COLLECTION" and kind.identifier not in _ONLY_NAMED:
            for item in getattr(data, kind.identifier):
                path = f"{kind.identifier}[{item.name_full!r}]"
                found[path] = (item.users, item.use_fake_user)
                if kind.identifier in _WALKED:
                    _walk(item, path, {item.as_pointer()}, found)
    for item in bpy.context.view_layer.objects:
        found[f"selected[{item.name!r}]"] = item.select_get(), item.hide_get()
    found["active"] = _plain(bpy.context.view_layer.objects.active)
    found["mode"] = bpy.context.mode
    return found


def differences(before: Fingerprint, after: Fingerprint) -> list[str]:
    """Return a line for each value that is not the same, for a test to show."""
    nothing = "nothing"
    return [
        f"{path}: {before.get(path, nothing)} -> {after.get(path, nothing)}"
        for path in sorted(before.keys() | after.keys())
        if not _same(before.get(path, nothing), after.get(path, nothing))
    ]


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or repr(one) == repr(other) == "nan"


def _walk(item: Any, path: str, seen: set[int], found: Fingerprint) -> None:
    """Note the path and the value of every property of an item, nested ones too."""
    for rna in item.bl_rna.properties:
        name = rna.identifier
        if name in _PASSED_OVER:
            continue
        value = getattr(item, name)
        here = f"{path}.{name}"
        if rna.type == "COLLECTION":
            found[f"{here}.length"] = len(value)
            for place, each in enumerate(value):
                _nested(each, f"{here}[{place}]", seen, found)
        elif rna.type == "POINTER":
            _nested(value, here, seen, found)
        else:
            found[here] = _plain(value)
    _custom(item, path, found)


def _nested(item: Any, path: str, seen: set[int], found: Fingerprint) -> None:
    is_inside = not isinstance(item, bpy.types.ID) or item.is_embedded_data
    found[path] = _plain(item)
    if item is not None and is_inside and item.as_pointer() not in seen:
        seen.add(item.as_pointer())
        _walk(item, path, seen, found)


def _custom(item: Any, path: str, found: Fingerprint) -> None:
    """Note custom properties with what the user interface knows of them."""
    try:
        keys = list(item.keys())
    except TypeError:  # Not every struct can have them.
        return
    for key in keys:
        value = item[key]
        found[f"{path}[{key!r}]"] = type(value).__name__, _plain(value)
        if isinstance(value, int | float):
            found[f"{path}[{key!r}].ui"] = item.id_properties_ui(key).as_dict()


def _plain(value: Any) -> Any:
    """Return a value that outlives the file, and compares by what it is."""
    if value is None or isinstance(value, bool | int | float | str | bytes | set):
        return value
    if isinstance(value, bpy.types.ID):
        return type(value).__name__, value.name_full
    if hasattr(value, "to_dict"):
        return tuple((key, _plain(each)) for key, each in value.items())
    if isinstance(value, bpy.types.bpy_struct):
        return type(value).__name__, getattr(value, "name", "")
    return tuple(_plain(each) for each in value)
