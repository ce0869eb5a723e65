# SPDX-License-Identifier: GPL-3.0-or-later
"""From pictures to keypoints and joints. Must not import bpy."""
