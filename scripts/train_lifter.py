# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the lifter on freely licensed motion capture seen through random cameras.

    python3 scripts/train_lifter.py --run out/lifter --minutes 60
    python3 scripts/train_lifter.py --run out/lifter --minutes 90   (goes on)

Two cores suffice. The state is saved every few minutes; the same command goes on where
it stopped. The result is `lifter.safetensors` in the folder of the run.

With glibc, set MALLOC_ARENA_MAX=1, MALLOC_MMAP_THRESHOLD_=33554432 (it takes no more)
and MALLOC_TRIM_THRESHOLD_=4000000000: otherwise every batch is given back to the
system, and half of the time goes into fetching memory for the next.
OMP_WAIT_POLICY=PASSIVE keeps waiting threads from taking the cores.
"""

import argparse
import copy
import json
import logging
import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _environment

if __name__ == "__main__":
    _environment.activate()

import torch
from torch import Tensor

if TYPE_CHECKING:
    from lifter_bodies import Windows

log = logging.getLogger("train_lifter")
OFFSETS = (-14, -11, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 11, 14)
SAVE_EVERY = 120.0  # [s]
LONGEST_STEP = 30.0  # One that took longer was paused meanwhile [s].
NUM_CAMERAS = 3  # That film the same people; each makes a batch.
LIMBS = ((5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16))

Batch = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="training time in all"
    )
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument(
        "--rate", type=float, default=2e-3, help="highest learning rate"
    )
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument(
        "--init", type=Path, help="weights of an earlier network to begin with"
    )
    parser.add_argument(
        "--exact",
        action="store_true",
        help="train without the detector's faults, to see what they are worth",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--shared", type=Path, default=_environment.ROOT.parent / "shared"
    )
    return parser.parse_args()


class Trainer:
    """A network, its average over the last steps, and what is needed to go on."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from lifter_bodies import BodySource
        from lifter_motion import load_motion
        from lifter_network import LifterNetwork
        from lifter_views import ViewSource

        torch.manual_seed(arguments.seed)
        self._arguments = arguments
        self._random = torch.Generator().manual_seed(arguments.seed)
        self._network = LifterNetwork(len(OFFSETS), arguments.width, arguments.blocks)
        self._optimizer = torch.optim.AdamW(
            self._network.parameters(), lr=arguments.rate, weight_decay=1e-2
        )
        self._step, self._elapsed = 0, 0.0
        motion = load_motion(arguments.shared, arguments.seed)
        log.info("%d frames, %d bodies", len(motion.joints), len(motion.bodies))
        self._bodies = BodySource(motion, OFFSETS, self._random)
        self._views = ViewSource(OFFSETS, self._random, is_exact=arguments.exact)
        # While the network learns from a batch, another thread draws the next one.
        self._pool = ThreadPoolExecutor(1)
        self._next: Future[list[Batch]] | None = None
        self._ready: list[Batch] = []
        if arguments.init:
            from safetensors.torch import load_file

            inputs, _ = self._draw()[0]
            self._network.unfold(load_file(arguments.init), *inputs)
        self._average = copy.deepcopy(self._network)

    @property
    def _checkpoint(self) -> Path:
        return Path(self._arguments.run) / "state.pt"

    def resume(self) -> None:
        """Go on from the saved state, where there is one."""
        if not self._checkpoint.is_file():
            return
        state = torch.load(self._checkpoint, weights_only=True)
        self._network.load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._random.set_state(state["random"])
        self._step, self._elapsed = state["step"], state["elapsed"]
        log.info("resumed at step %d", self._step)

    def save(self) -> None:
        """Write the state and the weights so far."""
        from safetensors.torch import save_file

        if self._next is not None:
            self._next.result()  # Nobody draws while the generator's state is read.
        state = {
            "network": self._network.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "random": self._random.get_state(),
            "step": self._step,
            "elapsed": self._elapsed,
        }
        fresh = self._checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._checkpoint)
        weights = {k: t.half() for k, t in self._average.folded().items()}
        save_file(
            weights,
            self._arguments.run / "lifter.safetensors",
            {"offsets": json.dumps(OFFSETS), "seconds": f"{self._elapsed:.0f}"},
        )

    def run(self) -> None:
        """Train until the time is over."""
        limit = self._arguments.minutes * 60
        saved = last = time.monotonic()
        losses: dict[str, float] = {}
        while self._elapsed < limit:
            for name, value in self._train_step(self._elapsed / limit).items():
                losses[name] = 0.99 * losses.get(name, value) + 0.01 * value
            now = time.monotonic()
            self._elapsed += min(now - last, LONGEST_STEP)
            last = now
            if self._step % 200 == 0:
                shown = " ".join(f"{k} {v:.2f}" for k, v in losses.items())
                log.info("step %d, %.0f s: %s", self._step, self._elapsed, shown)
            if now - saved > SAVE_EVERY:
                self.save()
                saved = now
        self.save()

    def _train_step(self, progress: float) -> dict[str, float]:
        batch = self._take_batch()
        rate = self._arguments.rate * min(1.0, (self._step + 1) / 300)
        rate *= 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))) * 0.995 + 0.005
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = self._network(*batch[0])
        loss, figures = losses_of(out.float(), batch[1])
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        self._step += 1
        self._follow()
        return figures

    def _take_batch(self) -> Batch:
        """Return the batch that was drawn meanwhile, and have the next one drawn."""
        if not self._ready:
            drawn = self._next or self._pool.submit(self._draw)
            self._ready = drawn.result()
            self._next = self._pool.submit(self._draw)
        return self._ready.pop()

    @torch.no_grad()
    def _draw(self) -> list[Batch]:
        """Return batches of the same people, by other cameras: posing costs most."""
        windows = self._bodies.draw(self._arguments.batch)
        return [self._film(windows) for _ in range(NUM_CAMERAS)]

    def _film(self, windows: "Windows") -> Batch:
        from lifter_network import features

        views = self._views.film(windows)
        frames, view = features(views.points, views.score, views.elevation)
        truth = (views.joints, windows.contact.float(), views.depth.log() + view[:, 0])
        return (frames, view), truth

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(0.999, 1 - 1 / (1 + self._step / 10))
        for mean, now in zip(
            self._average.state_dict().values(), self._network.state_dict().values()
        ):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)


def losses_of(
    out: Tensor, truth: tuple[Tensor, Tensor, Tensor]
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss and figures to log.

    Args:
        out: Of the network.
        truth: Joints `(B, 28, 3)` [m], contact `(B, 4)`, log depth times size `(B,)`.
    """
    from lifter_network import split_output

    joints, spread, contact, depth = split_output(out)
    true_joints, true_contact, true_depth = truth
    error = (joints - true_joints).norm(dim=-1)
    weight = torch.full((joints.shape[1],), 0.5)
    weight[5:17] = 1.0
    start, end = map(list, zip(*LIMBS))
    bones = [
        torch.nn.functional.normalize(p[:, end] - p[:, start], dim=-1, eps=1e-4)
        for p in (joints, true_joints)
    ]
    chord = (bones[0] - bones[1]).norm(dim=-1)
    spread = spread.clamp(-6, 2)
    doubt = error.detach() * torch.exp(-spread) + spread
    crossing = torch.nn.functional.binary_cross_entropy_with_logits(
        contact, true_contact
    )
    distance = (depth - true_depth).abs().mean()
    place = (error * weight).mean()
    loss = place + 0.15 * chord.mean() + 0.003 * doubt.mean() + 0.01 * crossing
    loss = loss + 0.05 * distance
    return loss, {
        "mm": float(error[:, 5:17].detach().mean() * 1e3),
        "deg": float(
            torch.rad2deg(2 * torch.asin((chord.detach() / 2).clamp(max=1))).mean()
        ),
        "contact": float(crossing.detach()),
        "distance": float(distance.detach()),
    }


def main(arguments: argparse.Namespace) -> int:
    """Train as the command line asks."""
    arguments.run.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO,
        force=True,
        format="%(asctime)s %(message)s",
        handlers=[
            logging.FileHandler(arguments.run / "log.txt", encoding="utf-8"),
            logging.StreamHandler(),
        ],
    )
    trainer = Trainer(arguments)
    trainer.resume()
    trainer.run()
    return 0


if __name__ == "__main__":
    wanted = parse_arguments()
    _cli.run(lambda: main(wanted))
