# SPDX-License-Identifier: GPL-3.0-or-later
"""Render pictures to learn from into shards, in as many processes as are wanted."""

import logging
import multiprocessing
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import numpy as np

log = logging.getLogger("train_nano")
SHARD = 2000  # Pictures in a file.
BACKGROUNDS = 700


class Order(NamedTuple):
    """What one process renders.

    Attributes:
        shared: Folder of characters, motion and footage.
        folder: Where shards go.
        pictures: How many in all, those there already included.
        worker: Number of the process.
        seed: Of all randomness.
    """

    shared: Path
    folder: Path
    pictures: int
    worker: int
    seed: int


def start(order: Order, workers: int) -> list[BaseProcess]:
    """Start processes that share the work of an order."""
    order.folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    share = -(-order.pictures // workers)
    processes: list[BaseProcess] = [
        context.Process(
            target=render, args=(order._replace(worker=number, pictures=share),)
        )
        for number in range(workers)
    ]
    for process in processes:
        process.start()
    return processes


def render(order: Order) -> None:
    """Write rendered pictures until there are enough."""
    import cv2

    from nano_backgrounds import make_bank
    from nano_bodies import load_mannequin, load_people
    from nano_pose import PoseSource
    from nano_scenes import MANNEQUIN_SHARE, SceneSource
    from nano_shards import write_shard

    cv2.setNumThreads(1)
    name = f"render_{order.worker}"
    number = len(list(order.folder.glob(f"{name}_*.labels.npy")))
    rng = np.random.default_rng([order.seed, order.worker, number])
    people, _ = load_people(order.shared)
    families = [(people, 1 - MANNEQUIN_SHARE), (load_mannequin(), MANNEQUIN_SHARE)]
    poses = PoseSource(order.shared, int(rng.integers(2**31)))
    bank = make_bank(order.shared, BACKGROUNDS, rng)
    source = SceneSource(families, poses, bank, rng)
    log.info("%s draws", source.renderer_name)
    while number * SHARD < order.pictures:
        start_time = time.monotonic()
        samples = [source.draw() for _ in range(SHARD)]
        write_shard(order.folder / f"{name}_{number:04d}", samples)
        number += 1
        rate = SHARD / (time.monotonic() - start_time)
        log.info("%d pictures, %.0f a second", number * SHARD, rate)
