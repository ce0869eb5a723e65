# SPDX-License-Identifier: GPL-3.0-or-later
"""A capture beside Blender: in a thread of its process, or in a child process.

Must not import bpy. What needs torch or OpenCV is imported late, where it is used.
"""
