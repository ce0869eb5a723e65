# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what streaming costs on loopback, sender and receiver in two processes.

    python3 scripts/bench_stream.py
    python3 scripts/bench_stream.py --seconds 10 --people 4

Packets of COCO-17 with 3D joints are sent at 30 Hz, at 120 Hz and as fast as they can
be made. CPU time is of the sending and of the receiving thread alone. Ends with 1 if a
packet is lost at 30 or 120 Hz.
"""

import argparse
import itertools
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import _cli
import _environment

if TYPE_CHECKING:
    from vitpose_blender.core.packet import Packet
    from vitpose_blender.streaming.udp import PacketSender

RATES = (30.0, 120.0, 0.0)  # [Hz]; 0 is as fast as can be.
SETTLE = 0.3  # For the last datagrams to be read [s].


@dataclass(frozen=True)
class Cost:
    """What one side did: packets, CPU time of its thread and what passed [s]."""

    num_packets: int
    cpu: float
    wall: float


def parse_arguments() -> argparse.Namespace:
    parser = _cli.ArgumentParser(__doc__)
    parser.add_argument("--people", type=int, default=2, metavar="N")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="N")
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    """Measure at each rate; returns 1 if packets were lost where none may be."""
    print("  rate  packets/s sent  received  lost  CPU us/packet: sender  receiver")
    lost = [measure(rate, arguments) for rate in RATES]
    return int(any(lost[:2]))


def measure(rate: float, arguments: argparse.Namespace) -> int:
    """Print what one rate costs and return how many packets were lost."""
    from vitpose_blender.streaming.udp import PacketSender

    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=receive, args=(theirs,))
    process.start()
    with PacketSender(port=ours.recv()) as sender:
        sent = send(sender, rate, arguments)
    time.sleep(SETTLE)
    ours.send("stop")
    received: Cost = ours.recv()
    process.join()
    print(
        f"{f'{rate:.0f} Hz' if rate else 'free':>6}"
        f"{sent.num_packets / sent.wall:16.0f}"
        f"{received.num_packets / sent.wall:10.0f}"
        f"{sent.num_packets - received.num_packets:6}"
        f"{1e6 * sent.cpu / sent.num_packets:23.0f}"
        f"{1e6 * received.cpu / max(received.num_packets, 1):10.0f}"
    )
    return sent.num_packets - received.num_packets


def send(sender: "PacketSender", rate: float, arguments: argparse.Namespace) -> Cost:
    """Send packets at a rate for some time; making them is not counted."""
    from vitpose_blender.streaming.replay import Pacer

    pacer, cpu = Pacer(), 0.0
    started = time.perf_counter()
    for count, packet in enumerate(packets(arguments.people, rate or 1000.0)):
        if rate:
            pacer.wait_until(packet.t)
        if time.perf_counter() - started > arguments.seconds:
            return Cost(count, cpu, time.perf_counter() - started)
        before = time.thread_time()
        sender.send(packet)
        cpu += time.thread_time() - before
    raise AssertionError("packets are endless")


def receive(pipe: Connection) -> None:
    """Receive in a process of its own, and tell what it cost."""
    from vitpose_blender.streaming.intake import Received
    from vitpose_blender.streaming.udp import PacketReceiver

    cpu: list[float] = []

    def note(_: Received) -> None:
        cpu[1:] = [time.thread_time()]

    with PacketReceiver(port=0, on_packet=note) as receiver:
        receiver.start()
        pipe.send(receiver.port)
        cpu.append(0.0)
        pipe.recv()
        receiver.stop()
        pipe.send(Cost(receiver.counts().passed, cpu[-1], 0.0))


def packets(num_people: int, rate: float) -> "Iterator[Packet]":
    """Yield packets of people who never hold still, frame by frame, endlessly."""
    import numpy as np

    from vitpose_blender.core.packet import Packet
    from vitpose_blender.core.types import Joints3D, Keypoints2D

    rng = np.random.default_rng(0)
    xy, score = rng.uniform(0, 1280, (50, 17, 2)), rng.random((50, 17))
    xyz, root = rng.normal(size=(50, 28, 3)), rng.normal(size=(50, 3))
    for frame in itertools.count():
        t, row = frame / rate, frame % 50
        for person in range(1, num_people + 1):
            yield Packet(
                Keypoints2D(xy[row], score[row], t),
                person,
                frame,
                (1280, 720),
                Joints3D(xyz[row], root[row], np.ones(28), t),
                box=(1.0, 2.0, 300.0, 400.0),
                model="vitpose-plus-small",
                source="camera 0",
            )


if __name__ == "__main__":
    wanted = parse_arguments()
    _environment.activate()
    _cli.run(lambda: main(wanted))
