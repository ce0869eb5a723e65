# SPDX-License-Identifier: GPL-3.0-or-later
"""Capture on one machine and use the motion on another, live, over the network.

On the machine that is to have the motion, first:

    python3 scripts/stream.py receive                      only from this machine
    python3 scripts/stream.py receive --host 0.0.0.0       from any machine
    python3 scripts/stream.py receive --out dance.take.jsonl

On the machine with the camera, or with a recorded take:

    python3 scripts/stream.py send 0 --to 192.168.1.20 --model folder/of/vitpose
    python3 scripts/stream.py send dance.mp4 --people all
    python3 scripts/stream.py send --take dance.take.jsonl --loop

Packets travel over UDP, one person in one frame each, readable by anybody on the way:
use a network that you trust. docs/streaming.md says what is in them, what a firewall
must let through and what is dropped. `stream.py send --help` and
`stream.py receive --help` explain the options.

Exit codes: 0 done, 1 a bug, 2 bad input (one sentence says which), 130 stopped with
Ctrl-C, which keeps what was sent or received.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import _capture_options
import _capture_outputs
import _cli
import _environment

if TYPE_CHECKING:
    from vitpose_blender.core.packet import Packet
    from vitpose_blender.core.take import Take, TakeHeader
    from vitpose_blender.streaming.replay import Pacer
    from vitpose_blender.streaming.udp import PacketSender

LOOPBACK, PORT = "127.0.0.1", 17017  # Of streaming/address.py, not importable yet.
OTHER = "other"  # A lifter that is none of ours.

SEND = """Capture like scripts/capture.py and send every packet as it is made.

    python3 scripts/stream.py send 0 --to 192.168.1.20              a camera
    python3 scripts/stream.py send dance.mp4 --model folder/of/vitpose --people all
    python3 scripts/stream.py send 0 --out me.take.jsonl            keep it here, too
    python3 scripts/stream.py send --take dance.take.jsonl          a recorded take
    python3 scripts/stream.py send --take dance.take.jsonl --loop   until Ctrl-C

Recordings are sent at their own speed. The receiver may start later, or start anew.
"""

RECEIVE = """Receive what `stream.py send` sends; show it, and record it with --out.

    python3 scripts/stream.py receive                               from this machine
    python3 scripts/stream.py receive --host 0.0.0.0 --port 9000    from the network
    python3 scripts/stream.py receive --out dance.take.jsonl
    python3 scripts/stream.py receive --out dance.take.jsonl --until-silent 5
    python3 scripts/animate.py dance.take.jsonl hero.glb --out hero_dance.glb

The line shows people, frames a second, latency where a camera of this machine sends
(elsewhere clocks do not compare) and what was dropped. Each time that a sender starts
over a new take begins: dance.take.jsonl, dance.2.take.jsonl and so on.
"""


class Command(_cli.ArgumentParser):
    """One of the commands of this script; argparse names it."""

    def __init__(self, description: str, **options: object) -> None:
        argparse.ArgumentParser.__init__(
            self,
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **options,
        )


def parse_arguments() -> argparse.Namespace:
    parser = _cli.ArgumentParser(__doc__)
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="send|receive", parser_class=Command
    )
    sending = commands.add_parser("send", description=SEND, help="capture and send")
    receiving = commands.add_parser(
        "receive", description=RECEIVE, help="receive, show and record"
    )
    add_send_options(sending)
    add_receive_options(receiving)
    arguments = parser.parse_args()
    if arguments.command == "send":
        check_send_options(sending, arguments)
    return arguments


def add_send_options(parser: argparse.ArgumentParser) -> None:
    """Add what `send` understands."""
    parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="what to capture: a video, a folder of pictures, the index of a camera, "
        "the address of a stream, keypoints that others detected",
    )
    network = parser.add_argument_group("network")
    network.add_argument(
        "--to",
        default=LOOPBACK,
        metavar="HOST",
        help="address or name of the machine that receives; default %(default)s, this "
        "machine",
    )
    add_port(network)
    take = parser.add_argument_group("recorded take")
    take.add_argument(
        "--take", type=Path, metavar="FILE", help="send this take instead, as it is"
    )
    take.add_argument(
        "--loop", action="store_true", help="send the take again and again"
    )
    parser.add_argument(
        "--out", type=Path, metavar="TAKE", help="also write the take on this machine"
    )
    _capture_options.add_options(parser)


def check_send_options(
    parser: argparse.ArgumentParser, arguments: argparse.Namespace
) -> None:
    """Leave with one sentence if options contradict each other."""
    if (arguments.source is None) == (arguments.take is None):
        parser.error("give either a SOURCE to capture or --take FILE")
    if arguments.loop and not arguments.take:
        parser.error("--loop goes with --take FILE")
    if arguments.take and (arguments.out or arguments.overlay):
        parser.error("--out and --overlay go with a SOURCE to capture, not with --take")


def add_receive_options(parser: argparse.ArgumentParser) -> None:
    """Add what `receive` understands."""
    parser.add_argument(
        "--host",
        default=LOOPBACK,
        metavar="ADDRESS",
        help="address of this machine to listen at; default %(default)s, which only "
        "this machine reaches; 0.0.0.0 listens to every network",
    )
    add_port(parser)
    parser.add_argument(
        "--out", type=Path, metavar="TAKE", help="the .take.jsonl to write"
    )
    parser.add_argument(
        "--until-silent",
        type=float,
        metavar="SECONDS",
        help="end when nothing has come for so long, once something came",
    )
    take = parser.add_argument_group("what packets may not say about the take")
    take.add_argument(
        "--tilt",
        type=float,
        metavar="DEG",
        help="how far the sender's camera looks down from the horizon; default is what "
        "the sender says, or 0",
    )
    take.add_argument(
        "--lifter",
        choices=(*_cli.LIFTERS, OTHER),
        help="what the sender makes keypoints 3D with; default is what it says, or "
        f"{_cli.LIFTERS[0]}; scripts/animate.py solves such takes anew and keeps the "
        "joints of others",
    )


def add_port(group: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--port",
        type=int,
        default=PORT,
        metavar="N",
        help="UDP port, the same on both sides; default %(default)s",
    )


def main(arguments: argparse.Namespace) -> int:
    """Do what the command line says; returns the exit code."""
    if arguments.command == "send":
        return send(arguments)
    import _stream_receive

    return _stream_receive.receive(arguments)


def send(arguments: argparse.Namespace) -> int:
    """Send what is captured or was recorded."""
    from vitpose_blender.core.take import read_take
    from vitpose_blender.streaming.udp import PacketSender

    take = read_take(arguments.take) if arguments.take else None
    with PacketSender(arguments.to, arguments.port) as sender:
        try:
            if take:
                return send_take(take, sender, arguments.loop)
            return send_captured(arguments, sender)
        finally:
            print(summary(sender))


def send_take(take: Take, sender: PacketSender, is_endless: bool) -> int:
    """Send a recorded take at its own speed."""
    from vitpose_blender.streaming.replay import rounds

    packets = rounds(take.packets) if is_endless else iter(take.packets)
    total = None if is_endless else len(take.packets)
    one_each = ([told(packet, take.header)] for packet in packets)
    return drain(one_each, sender, _cli.Progress("Sending", total, "packets"))


def send_captured(arguments: argparse.Namespace, sender: PacketSender) -> int:
    """Capture, and send each packet as it is made."""
    import capture

    return capture.capture(arguments, functools.partial(deliver, arguments.out, sender))


def deliver(
    out: Path | None,
    sender: PacketSender,
    header: TakeHeader,
    captured: Iterable[list[Packet]],
    num_frames: int | None,
) -> int:
    """Send the packets of each frame, and write them into a take if there is one."""
    captured = ([told(packet, header) for packet in packets] for packets in captured)
    if out:
        sent = sending(captured, sender)
        return _capture_outputs.write(out, header, sent, num_frames)
    return drain(captured, sender, _cli.Progress("Sending", num_frames))


def told(packet: Packet, header: TakeHeader) -> Packet:
    """Return a packet that tells what a receiver has no header for."""
    return replace(packet, tilt=header.tilt, lifter=header.lifter)


def drain(
    frames: Iterable[list[Packet]], sender: PacketSender, progress: _cli.Progress
) -> int:
    """Send everything; Ctrl-C ends it."""
    try:
        with progress:
            for count, _ in enumerate(sending(frames, sender), start=1):
                progress.step(count)
    except KeyboardInterrupt:
        return _cli.INTERRUPTED
    return 0


def sending(
    frames: Iterable[list[Packet]], sender: PacketSender
) -> Iterator[list[Packet]]:
    """Yield the packets of each frame when they have been sent."""
    from vitpose_blender.streaming.replay import Pacer

    pacer = Pacer()
    for packets in frames:
        send_when_due(packets, sender, pacer)
        yield packets


def send_when_due(packets: list[Packet], sender: PacketSender, pacer: Pacer) -> None:
    """Send packets when their moment has come, and warn once if nobody listens."""
    for packet in packets:
        pacer.wait_until(packet.t)
        unheard = sender.num_unheard
        sender.send(packet)
        if sender.num_unheard > unheard == 0:
            clear = "\r\033[K" if sys.stderr.isatty() else ""  # Progress is redrawn.
            print(f"{clear}Nobody listens at {sender.address} yet", file=sys.stderr)


def summary(sender: PacketSender) -> str:
    """Return what became of the packets, in a sentence."""
    text = f"Sent {sender.num_sent} packets to {sender.address}"
    if sender.num_unheard:
        text += f"; nobody listened there {sender.num_unheard} times"
    if sender.num_failed:
        text += f"; {sender.num_failed} did not leave ({sender.failure})"
    return text


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
