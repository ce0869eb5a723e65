# SPDX-License-Identifier: GPL-3.0-or-later
"""What character files say about themselves, read defensively and without Blender."""
