# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's own environment: what it needs, how it gets it, what is wrong."""
