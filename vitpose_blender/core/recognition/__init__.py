# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone of an armature plays which role: by names, by words, by joints."""
