# SPDX-License-Identifier: GPL-3.0-or-later
"""Geometry, formats and rules: numpy and the standard library only."""
