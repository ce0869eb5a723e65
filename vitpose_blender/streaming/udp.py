# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets out and in over UDP, one datagram a packet; see docs/streaming.md."""

import contextlib
import errno
import logging
import socket
import threading
import time
from collections.abc import Callable

from ..core.closing import Closing
from ..core.errors import VitposeError
from ..core.packet import Packet
from .address import DEFAULT_PORT, LOOPBACK, Endpoint, listening, target, text
from .counts import Counts
from .datagram import MAX_DATAGRAM, encode
from .errors import StreamError
from .intake import Intake, Received
from .latest import LatestPackets
from .meter import Meter, Reading

log = logging.getLogger(__name__)

POLL = 0.1  # How often the receiver looks whether it is to stop [s].
RECEIVE_BUFFER = 1 << 22  # Wanted of the system, for when nobody has time [bytes].
WINDOWS_CUT_OFF = 10040  # WSAEMSGSIZE: the datagram is larger than asked for.


class PacketSender(Closing):
    """Sends packets to one receiver, which need not be there yet.

    Args:
        host: IPv4 or IPv6 address, or name, of the machine that receives.
        port: At which it listens.

    Raises:
        StreamError: There is no such host, or no way to it.

    Attributes:
        address: Where the packets go, for people.
        num_sent: Datagrams that left.
        num_unheard: How often the other machine said that nobody listens there.
        num_failed: Datagrams that did not leave, because the network was down or full.
        failure: What the system said about the last one of these.
    """

    def __init__(self, host: str = LOOPBACK, port: int = DEFAULT_PORT) -> None:
        self.num_sent = self.num_unheard = self.num_failed = 0
        self.failure = ""
        endpoint = target(host, port)
        self.address = str(endpoint)
        self._socket = socket.socket(endpoint.family, socket.SOCK_DGRAM)
        # A stuck network must not hold up whoever captures.
        self._socket.setblocking(False)
        try:
            self._socket.connect(endpoint.sockaddr)
        except OSError as error:
            self._socket.close()
            raise StreamError(
                f"Cannot send to {self.address} ({error.strerror or error}): check the "
                "address and that this machine is on its network"
            ) from error

    def send(self, packet: Packet) -> None:
        """Send one packet, without waiting.

        Raises:
            StreamError: The packet is too large for a datagram.
        """
        datagram = encode(packet)
        try:
            self._send(datagram)
            self.num_sent += 1
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise StreamError(
                    f"The network to {self.address} takes no datagram of "
                    f"{len(datagram)} bytes: give the source or the model a shorter "
                    "name"
                ) from error
            self.num_failed += 1
            self.failure = error.strerror or str(error)

    def close(self) -> None:
        self._socket.close()

    def _send(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except ConnectionError:  # It is about the one before; this one did not leave.
            self.num_unheard += 1
            self._socket.send(datagram)


class PacketReceiver(Closing):
    """Receives packets in a thread of its own.

    `start` and `stop` belong to one thread, as Blender's main thread; both may be
    called again, and a stopped receiver may be started anew.

    Args:
        host: IPv4 or IPv6 address of this machine to listen at; by default nobody
            else can send. `0.0.0.0` is every network, `::` also those of IPv6.
        port: At which to listen; 0 lets the system choose, see `address`.
        on_packet: Called in the receiver's thread with every packet, for a recording.
            A `VitposeError` that it raises ends the thread and is kept in `error`.

    Attributes:
        address: Where it listens, for people; as asked for before the first start.
        port: At which it listens.
        latest: The newest packet of each person, for live use.
        error: What ended the thread before its time; None while all is well.
    """

    def __init__(
        self,
        host: str = LOOPBACK,
        port: int = DEFAULT_PORT,
        on_packet: Callable[[Received], None] | None = None,
    ) -> None:
        self._endpoint = listening(host, port)
        self._on_packet = on_packet
        self.address, self.port = str(self._endpoint), port
        self._forget()

    def _forget(self) -> None:
        self.latest = LatestPackets()
        self.error: Exception | None = None
        self._meter = Meter()
        self._intake = Intake()
        self._intake_lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to listen, with all counts at zero; nothing happens if it does.

        Raises:
            StreamError: The port is in use, or the address is not this machine's.
        """
        if self.is_alive:
            if self._stop.is_set():
                raise StreamError(
                    f"The receiver at {self.address} is still busy with its last "
                    "packet: start it again in a moment"
                )
            return
        opened = _open(self._endpoint)
        self._forget()
        sockaddr = opened.getsockname()
        self.address, self.port = text(sockaddr), sockaddr[1]
        # Daemon: quitting Blender must not wait for a recording to be written.
        self._thread = threading.Thread(
            target=self._run, args=(opened,), name="vitpose-receiver", daemon=True
        )
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """Stop listening and wait for the thread, at most `timeout` [s].

        What has come stays: `latest`, `error` and the counts.
        """
        self._stop.set()
        if self._thread in (None, threading.current_thread()):
            return
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.warning("The receiving thread is still busy after %.1f s", timeout)

    def close(self) -> None:
        self.stop()

    def counts(self) -> Counts:
        """Return how many datagrams came, and why some were dropped."""
        with self._intake_lock:
            return self._intake.counts()

    def reading(self) -> Reading:
        """Return the figures of the last second."""
        return self._meter.reading(time.monotonic())

    def _run(self, opened: socket.socket) -> None:
        try:
            with opened:
                while not self._stop.is_set():
                    self._receive(opened)
        except VitposeError as error:
            self.error = error
        except OSError as error:
            self.error = StreamError(
                f"Receiving at {self.address} ended ({error.strerror or error}): check "
                "the network and start again"
            )
        except Exception as error:  # Top of the thread: the main thread reports it.
            log.exception("Receiving at %s ended", self.address)
            self.error = error
        finally:
            with self._intake_lock:
                self._intake.finish()

    def _receive(self, opened: socket.socket) -> None:
        """Wait for one datagram and hand on what it brings."""
        try:
            datagram, sender = opened.recvfrom(MAX_DATAGRAM + 1)
        except TimeoutError:
            return
        except OSError as error:
            if getattr(error, "winerror", None) != WINDOWS_CUT_OFF:
                raise
            with self._intake_lock:
                self._intake.push_oversized()
            return
        with self._intake_lock:
            admitted = self._intake.push(datagram, sender[0], time.monotonic())
        for received in admitted:
            self._hand_on(received)

    def _hand_on(self, received: Received) -> None:
        self.latest.put(received)
        self._meter.add(received)
        if self._on_packet is not None:
            self._on_packet(received)


def _open(endpoint: Endpoint) -> socket.socket:
    """Return a bound socket.

    Raises:
        StreamError: Why it cannot be bound, and the way out.
    """
    opened = socket.socket(endpoint.family, socket.SOCK_DGRAM)
    try:
        _set_options(opened, endpoint)
        opened.bind(endpoint.sockaddr)
    except OSError as error:
        opened.close()
        raise _refusal(endpoint, error) from error
    opened.settimeout(POLL)
    return opened


def _set_options(opened: socket.socket, endpoint: Endpoint) -> None:
    if endpoint.family == socket.AF_INET6:
        both = endpoint.sockaddr[0] == "::"
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not both)
    if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Elsewhere a port has one owner anyway.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    with contextlib.suppress(OSError):  # Some systems refuse what others only limit.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def _refusal(endpoint: Endpoint, error: OSError) -> StreamError:
    """Return the sentence about an address that cannot be listened at."""
    ways_out = {
        errno.EADDRINUSE: "another program, perhaps a second Blender, listens there: "
        "stop it, or choose another port here and at the sender",
        errno.EADDRNOTAVAIL: f"this machine has no such address: give {LOOPBACK} for "
        "senders on this machine, or 0.0.0.0 for all of its networks",
        errno.EACCES: "the system keeps that port for itself: choose one from 1024",
    }
    reason = error.strerror or str(error)
    way_out = ways_out.get(error.errno or 0, f"{reason}: choose another address")
    return StreamError(f"Cannot listen at {endpoint}: {way_out}")
