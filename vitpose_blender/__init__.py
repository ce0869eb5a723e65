# SPDX-License-Identifier: GPL-3.0-or-later
"""Drive a Blender armature from a camera or a video with ViTPose.

bpy is imported inside the two functions below so that `vitpose_blender.core`
and `vitpose_blender.inference` stay importable in a plain Python interpreter.
"""


def register() -> None:
    from . import blender

    blender.register()


def unregister() -> None:
    from . import blender

    blender.unregister()
