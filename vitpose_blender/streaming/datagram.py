# SPDX-License-Identifier: GPL-3.0-or-later
"""One packet as one datagram: the same line of JSON that a take holds."""

import json

from ..core.packet import VERSION, Packet, PacketError, dumps, from_dict
from .counts import Drop
from .errors import StreamError

# What macOS sends at most by default; our largest packets have half of it [bytes].
MAX_DATAGRAM = 9216


def encode(packet: Packet) -> bytes:
    """Return the packet as a datagram.

    Raises:
        StreamError: It has more bytes than a datagram may have.
    """
    datagram = dumps(packet).encode()
    if len(datagram) > MAX_DATAGRAM:
        raise StreamError(
            f"The packet of person {packet.person} has {len(datagram)} bytes and a "
            f"datagram takes {MAX_DATAGRAM}: give the source or the model a shorter "
            "name"
        )
    return datagram


def decode(datagram: bytes) -> Packet | Drop:
    """Return the packet that a datagram holds, or why it holds none.

    Never raises, whatever the bytes.
    """
    if len(datagram) > MAX_DATAGRAM:
        return Drop.OVERSIZED
    try:
        # NaN and Infinity are not JSON, but many programs write them.
        value = json.loads(datagram, parse_constant=lambda _: None)
        if _is_of_another_version(value):
            return Drop.WRONG_VERSION
        return from_dict(value)
    except (ValueError, PacketError, RecursionError):
        return Drop.MALFORMED


def _is_of_another_version(value: object) -> bool:
    """Say whether it names a version that is not ours; without one it is taken."""
    meta = value.get("meta") if isinstance(value, dict) else None
    if not isinstance(meta, dict):
        return False
    version = meta.get("v", VERSION)
    return isinstance(version, bool) or bool(version != VERSION)
