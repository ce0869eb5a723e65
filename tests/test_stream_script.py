# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/stream.py as its users meet it: what travels, and how it refuses."""

import ast
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.keypoint_clips import FPS, SIZE, waving, write_coco
from tests.script_runs import SCRIPTS, load_script
from tests.streaming.made_packets import at
from vitpose_blender.core.packet import dumps, loads
from vitpose_blender.core.take import TakeHeader, read_take, write_take
from vitpose_blender.inference.capture import xywh  # noqa: F401  (loads it once)
from vitpose_blender.streaming.udp import PacketReceiver, PacketSender

LOOPBACK = "127.0.0.1"
RECORDED = ["--fps", FPS, "--size", SIZE]
MANNEQUIN = SCRIPTS.parent / "resources/characters/mannequin.glb"
TIMEOUT = 60  # That no test needs [s].

posix_only = pytest.mark.skipif(
    os.name == "nt", reason="Ctrl-C reaches a whole console there"
)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def lines_of(take: Path) -> list[str]:
    """Return the packets of a take as they are written."""
    return take.read_text("utf-8").splitlines()[1:]


def as_sent(take: Path) -> list[str]:
    """Return them as they are sent: each tells what a receiver has no header for."""
    header = read_take(take).header
    return [
        dumps(replace(loads(line), tilt=header.tilt, lifter=header.lifter))
        for line in lines_of(take)
    ]


@pytest.fixture
def duet(tmp_path, run_script) -> Path:
    """A take of two people over 20 frames, with 3D joints."""
    path = write_coco(
        tmp_path / "duet.json", waving(20, (160, 260)), waving(20, (480, 260))
    )
    out = tmp_path / "duet.take.jsonl"
    assert run_script("capture", path, *RECORDED, "--out", out).code == 0
    return out


@contextmanager
def script(*arguments):
    """Run the script in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPTS / "stream.py"), *map(str, arguments)],
        env=os.environ | {"VITPOSE_NO_VENV": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def receiving_script(*arguments):
    """Run `receive` on a free port, and say which."""
    with script("receive", "--port", 0, *arguments) as process:
        listening = process.stdout.readline()
        yield process, int(re.search(r"127\.0\.0\.1:(\d+)", listening)[1])


@contextmanager
def collecting():
    """Receive into a list of the packets' lines."""
    lines, came = [], threading.Event()

    def keep(received):
        lines.append(dumps(received.packet))
        came.set()

    with PacketReceiver(LOOPBACK, 0, keep) as receiver:
        receiver.start()
        yield receiver.port, lines, came


def end(process) -> tuple[str, str]:
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=TIMEOUT)


# There and back.


@posix_only
def test_a_take_sent_is_the_take_received(duet, run_script, tmp_path):
    out = tmp_path / "new folder" / "received.take.jsonl"
    with receiving_script("--out", out, "--tilt", 5) as (process, port):
        done = run_script("stream", "send", "--take", duet, "--port", port)
        wait_for_lines(out, 1 + 40)
        said, err = end(process)

    assert (done.code, done.err) == (0, "")
    assert f"Sent 40 packets to 127.0.0.1:{port}\n" in done.out
    assert (process.returncode, err) == (130, "")
    assert "Received 40 packets; dropped: none" in said
    assert f"{out} holds 40 packets of 2 people" in said
    assert lines_of(out) == as_sent(duet)
    sent, received = read_take(duet).header, read_take(out).header
    assert (received.image_wh, received.fov) == (sent.image_wh, sent.fov)
    assert (received.layout, received.lifter) == (sent.layout, sent.lifter)
    assert received.source == sent.source
    assert received.tilt == 5
    assert received.started


def wait_for_lines(path: Path, count: int) -> None:
    """Wait until a file that another process writes has that many lines."""
    deadline = time.monotonic() + TIMEOUT
    while not path.is_file() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline, "the script wrote too little"
        time.sleep(0.02)


@pytest.mark.slow
@posix_only
def test_a_received_take_animates_a_character(duet, run_script, tmp_path):
    pytest.importorskip("bpy")
    received, animated = tmp_path / "r.take.jsonl", tmp_path / "hero.glb"
    with receiving_script("--out", received) as (process, port):
        run_script("stream", "send", "--take", duet, "--port", port)
        wait_for_lines(received, 1 + 40)
        end(process)
    done = run_script("animate", received, MANNEQUIN, "--person", 2, "--out", animated)
    assert done.code == 0, done.err
    assert animated.stat().st_size > 10_000


@contextmanager
def sending(port: int, *clips):
    """Send the clips, lists of packets, one after another, until the end."""
    over = threading.Event()

    def run():
        with PacketSender(LOOPBACK, port) as sender:
            for packet in itertools.chain(*clips):
                unheard = None
                while sender.num_unheard != unheard:  # Until somebody listens.
                    unheard = sender.num_unheard
                    sender.send(packet)
                    if over.wait(0.002):
                        return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_receiving_ends_with_silence(run_script, tmp_path):
    port, out = free_port(), tmp_path / "x.take.jsonl"
    with sending(port, [at(number / 25) for number in range(60)]):
        options = ["--port", port, "--out", out, "--until-silent", 0.5]
        done = run_script("stream", "receive", *options)
    assert (done.code, done.err) == (0, "")
    assert len(read_take(out).packets) > 1
    assert read_take(out).header.lifter == ""


def test_who_starts_over_gets_another_take(run_script, tmp_path):
    port, out = free_port(), tmp_path / "x.take.jsonl"
    first = [at(500 + number / 25) for number in range(40)]
    second = [at(number / 25) for number in range(40)]
    with sending(port, first, second):
        options = ["--port", port, "--out", out, "--until-silent", 0.5]
        done = run_script("stream", "receive", *options)
    assert done.code == 0, done.err
    assert read_take(out).packets[-1].t == first[-1].t
    assert [p.t for p in read_take(tmp_path / "x.2.take.jsonl").packets] == [
        packet.t for packet in second
    ]
    assert done.out.count(" packets of 1 person") == 2


def test_a_take_that_was_there_is_kept_beside_the_new(duet, run_script, tmp_path):
    port, before = free_port(), lines_of(duet)
    with sending(port, [at(number / 25) for number in range(40)]):
        options = ["--port", port, "--out", duet, "--until-silent", 0.5]
        done = run_script("stream", "receive", *options)
    assert "The take that was there is now duet.take.jsonl.previous" in done.out
    assert lines_of(tmp_path / "duet.take.jsonl.previous") == before


def test_what_is_captured_is_sent_and_kept(run_script, tmp_path):
    clip, out = write_coco(tmp_path / "w.json", waving(15)), tmp_path / "w.take.jsonl"
    with collecting() as (port, lines, _):
        options = [*RECORDED, "--port", port, "--out", out]
        done = run_script("stream", "send", clip, *options)
        assert (done.code, done.err) == (0, "")
        assert "Sent 15 packets" in done.out
        wait_for(lambda: len(lines) == 15)
    assert lines == lines_of(out)


def test_pixels_are_sent(run_script, tmp_path, vitpose_folder):
    folder = tmp_path / "pictures"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (5, 120, 160, 3))
    for index, image in enumerate(noise.astype(np.uint8)):
        cv2.imwrite(str(folder / f"shot_{index:03d}.png"), image)
    with collecting() as (port, lines, _):
        models = ["--model", vitpose_folder, "--device", "cpu"]
        options = [*models, "--detector", "full-frame", "--fps", 50, "--port", port]
        done = run_script("stream", "send", folder, *options)
        assert (done.code, done.err) == (0, "")
        wait_for(lambda: len(lines) == 5)


def wait_for(holds) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@posix_only
def test_a_loop_goes_on_until_ctrl_c(tmp_path):
    take = tmp_path / "short.take.jsonl"
    write_take(take, TakeHeader(), [at(t) for t in (7.0, 7.02, 7.04)])
    with (
        collecting() as (port, lines, _),
        script("send", "--take", take, "--loop", "--port", port) as process,
    ):
        wait_for(lambda: len(lines) >= 12)
        said, err = end(process)
    assert (process.returncode, err) == (130, "")
    assert re.search(r"Sent \d+ packets", said)
    assert lines[:3] == as_sent(take)


# How it refuses.


def test_nobody_there_is_said_once_and_no_error(duet, run_script):
    port = free_port()
    done = run_script("stream", "send", "--take", duet, "--port", port)
    assert done.code == 0
    assert done.err == f"Nobody listens at 127.0.0.1:{port} yet\n"
    assert "nobody listened there" in done.out


def test_a_port_in_use_is_one_sentence(run_script):
    with collecting() as (port, _, _):
        sentence = run_script("stream", "receive", "--port", port).sentence
    assert "choose another port" in sentence


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ([], "required: send|receive"),
        (["listen"], "'listen'.*'send'"),
        (["send"], "either a SOURCE to capture or --take FILE"),
        (["send", "0", "--take", "x"], "either a SOURCE"),
        (["send", "0", "--loop"], "--loop goes with --take"),
        (["send", "--take", "x", "--out", "y"], "go with a SOURCE"),
        (["send", "0", "--port", "high"], "--port.*'high'"),
        (["receive", "--until-silent", "long"], "--until-silent.*'long'"),
        (["receive", "--lifter", "magic"], "'magic'.*'geometric'"),
    ],
)
def test_wrong_options_are_one_sentence(run_script, arguments, match):
    sentence = run_script("stream", *arguments).sentence
    assert "--help" in sentence
    assert re.search(match, sentence), sentence


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["receive", "--host", "studio"], "not an IP address"),
        (["receive", "--host", "192.0.2.7"], "no such address"),
        (["receive", "--port", "70000"], "70000 is not a port"),
        (["receive", "--out", "x.mp4"], r"\.take\.jsonl"),
        (["receive", "--tilt", "90"], "--tilt 90 is not between"),
        (["receive", "--until-silent", "0"], "--until-silent 0"),
        (["send", "--take", "nowhere.take.jsonl"], "There is no file nowhere"),
        (["send", "0", "--to", "a..b"], "There is no host 'a..b'"),
        (["send", "nowhere.mp4"], "nowhere.mp4"),
        (["send", "0", "--fov", "500"], "--fov 500"),
    ],
)
def test_bad_input_is_one_sentence(run_script, arguments, match):
    assert re.search(match, run_script("stream", *arguments).sentence)


def test_a_full_disk_is_one_sentence_and_keeps_what_was_written(
    run_script, tmp_path, full_disk
):
    port, out = free_port(), tmp_path / "x.take.jsonl"
    with sending(port, [at(number / 25) for number in range(200)]), full_disk(20_000):
        done = run_script("stream", "receive", "--port", port, "--out", out)
    assert "Cannot write" in done.sentence
    assert len(read_take(out).packets) > 3


def test_endless_starts_do_not_fill_the_disk_with_takes(tmp_path):
    receive = load_script("_stream_receive")
    from vitpose_blender.core.errors import OutputError
    from vitpose_blender.streaming.intake import Received

    takes = receive.Takes(tmp_path / "x.take.jsonl", lambda _: TakeHeader())
    with takes:
        for session in range(1, 101):
            takes.write(Received(at(1.0), session, 0.0, LOOPBACK))
        with pytest.raises(OutputError, match="started over 100 times"):
            takes.write(Received(at(1.0), 101, 0.0, LOOPBACK))
    assert len(list(tmp_path.iterdir())) == 100


def test_the_live_line_tells_what_matters():
    receive = load_script("_stream_receive")
    from vitpose_blender.streaming.counts import Counts, Drop
    from vitpose_blender.streaming.meter import Reading

    counts = Counts(99, 90, 1, {Drop.LATE: 9})
    near = Reading(people=(1, 2), fps=30.0, latency=0.012)
    far = Reading(people=(1,), fps=59.6, jitter=0.004)
    assert receive.describe(near, counts) == (
        "2 people, 30 fps, latency 12 ms, 90 packets; dropped: 9 late"
    )
    assert receive.describe(far, counts).startswith("1 person, 60 fps, jitter 4 ms,")
    assert receive.describe(Reading(), counts).startswith("0 people, 0 fps, 90 pack")


# Help.


@pytest.mark.parametrize("command", [[], ["send"], ["receive"]])
def test_help_teaches_without_an_environment(command):
    done = subprocess.run(
        [sys.executable, "-S", "-E", SCRIPTS / "stream.py", *command, "--help"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for verb in command or ["send", "receive"]:
        assert f"python3 scripts/stream.py {verb} " in done.stdout


def test_the_first_file_suits_an_older_python():
    source = (SCRIPTS / "stream.py").read_text("utf-8")
    ast.parse(source, feature_version=(3, 7))
    assert "from __future__ import annotations\n" in source


def test_the_defaults_are_those_of_the_package():
    from vitpose_blender.streaming import address

    stream = load_script("stream")
    assert (stream.LOOPBACK, stream.PORT) == (address.LOOPBACK, address.DEFAULT_PORT)
