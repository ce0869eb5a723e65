# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user can cause on the network and, given the message, fix."""

from ..core.errors import VitposeError


class StreamError(VitposeError):
    """An address cannot be used, or a packet fits no datagram."""
