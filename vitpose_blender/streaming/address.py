# SPDX-License-Identifier: GPL-3.0-or-later
"""Where datagrams go and where they are waited for: hosts and ports, checked."""

import ipaddress
import socket
from typing import Any, NamedTuple

from .errors import StreamError

LOOPBACK = "127.0.0.1"  # Nobody outside this machine can send to it.
DEFAULT_PORT = 17017
ANY_PORT = 0  # The system chooses one that is free.
MAX_PORT = 65535


class Endpoint(NamedTuple):
    """What a socket is opened with.

    Attributes:
        family: IPv4 or IPv6.
        sockaddr: The address as `socket` wants it.
    """

    family: socket.AddressFamily
    sockaddr: Any

    def __str__(self) -> str:
        return text(self.sockaddr)


def text(sockaddr: Any) -> str:
    """Return an address as people write it, `127.0.0.1:17017` or `[::1]:17017`."""
    host, port = sockaddr[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listening(host: str, port: int) -> Endpoint:
    """Return where to wait for datagrams.

    Args:
        host: An IPv4 or IPv6 address of this machine; `0.0.0.0` is all of them.
        port: `ANY_PORT` lets the system choose.

    Raises:
        StreamError: The address is none, or the port is not a port.
    """
    _check_port(port, lowest=ANY_PORT)
    found = _look_up(host, port, socket.AI_NUMERICHOST)
    if not found:
        raise StreamError(
            f"{host!r} is not an IP address to listen at: give {LOOPBACK} for senders "
            "on this machine, an address of this machine for its network, or 0.0.0.0 "
            "for all of its networks"
        )
    return found[0]


def target(host: str, port: int) -> Endpoint:
    """Return where to send datagrams; asks the name service, so it may take seconds.

    Of a name's addresses an IPv4 one is taken where there is one, because a receiver
    waits at one unless it is told otherwise.

    Args:
        host: An IPv4 or IPv6 address, or a name.
        port: Of the receiver.

    Raises:
        StreamError: Nobody knows that host, or the port is not a port.
    """
    _check_port(port, lowest=1)
    found = _look_up(host, port)
    if not found:
        raise StreamError(
            f"There is no host {host!r}: check the name, or give the IP address of the "
            "machine that receives"
        )
    ipv4 = [endpoint for endpoint in found if endpoint.family == socket.AF_INET]
    return (ipv4 or found)[0]


def is_this_machine(host: str) -> bool:
    """Say whether a datagram from that address was sent on this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _check_port(port: int, lowest: int) -> None:
    if not lowest <= port <= MAX_PORT:
        raise StreamError(
            f"{port} is not a port: give a number from 1024 to {MAX_PORT}, as "
            f"{DEFAULT_PORT}"
        )


def _look_up(host: str, port: int, flags: int = 0) -> list[Endpoint]:
    """Return the addresses of a host, none where it has none."""
    if not host:  # It would stand for all networks; nobody chose that.
        return []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=flags)
    except (OSError, ValueError):  # No such name; no name at all (UnicodeError).
        return []
    known = (socket.AF_INET, socket.AF_INET6)
    return [Endpoint(entry[0], entry[4]) for entry in found if entry[0] in known]
