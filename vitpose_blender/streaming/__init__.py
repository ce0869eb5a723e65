# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets over the network. Must not import bpy, cv2 or torch: it runs in threads."""
