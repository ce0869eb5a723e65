# SPDX-License-Identifier: GPL-3.0-or-later
"""The training of vitpose-nano: small pictures first, full size last."""

import argparse
import copy
import csv
import logging
import math
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

log = logging.getLogger("train_nano")
SAVE_EVERY = 150.0  # [s]
LOOK_EVERY = 60.0  # For new pictures [s].
LONGEST_STEP = 30.0  # One that took longer was paused, and the schedule with it [s].


class Stage(NamedTuple):
    """A part of the training.

    Attributes:
        until: Where it ends, as a share of the time.
        size: Height and width of the pictures [px].
        batch: Pictures a step.
        sharpness: Weight of the cross entropy.
    """

    until: float
    size: tuple[int, int]
    batch: int
    sharpness: float


STAGES = (
    Stage(0.42, (128, 96), 64, 0.3),
    Stage(0.8, (192, 144), 48, 0.2),
    Stage(1.01, (256, 192), 32, 0.1),
)
Batch = tuple[Tensor, Tensor, Tensor]


def _stage_at(progress: float) -> Stage:
    return next(stage for stage in STAGES if progress < stage.until)


class _Threads:
    """How many threads are fastest just now: fewer, where others use the cores.

    Threads that wait for one another are slower than one of them alone as soon as
    another process holds a core.
    """

    CYCLE, TRIAL = 80, 6  # Steps from trial to trial, and of each trial.

    def __init__(self) -> None:
        most = len(os.sched_getaffinity(0))
        self._choices = sorted({1, most})
        self._times: dict[int, list[float]] = {}
        self._count = 0

    def took(self, seconds: float) -> None:
        """Note how long a step took, and set the threads of the next one."""
        place, trials = self._count % self.CYCLE, self.TRIAL * len(self._choices)
        if place < trials:
            number = self._choices[place // self.TRIAL]
            self._times.setdefault(number, []).append(seconds)
        self._count += 1
        place = self._count % self.CYCLE
        if place == 0:
            self._times.clear()
        if place < trials:
            torch.set_num_threads(self._choices[place // self.TRIAL])
        elif place == trials:
            torch.set_num_threads(min(self._times, key=lambda n: sum(self._times[n])))


class Trainer:
    """A network, its average over the last steps, and what is needed to go on."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from nano_network import make_network, resize
        from nano_shards import Shards

        torch.manual_seed(arguments.seed)
        self._arguments = arguments
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._stage = _stage_at(arguments.skip)
        if arguments.init:
            from transformers import VitPoseForPoseEstimation

            self._network = VitPoseForPoseEstimation.from_pretrained(
                arguments.init, dtype=torch.float32
            )
            resize(self._network, self._stage.size)
        else:
            self._network = make_network(
                arguments.width, arguments.layers, arguments.heads, self._stage.size
            )
        if self._device.type == "cpu":
            # The fused attention's way back is several times slower there.
            self._network.backbone.config._attn_implementation = "eager"
        self._network.to(self._device).train()
        self._shards = Shards(arguments.run / "shards", time.time_ns() % 2**32)
        self._count = self._shards.refresh()
        if not arguments.init:
            self._whiten()
        self._average = copy.deepcopy(self._network).eval()
        self._optimizers = self._make_optimizers()
        self._step, self._elapsed, self._pictures = 0, 0.0, 0
        # While the network learns from a batch, another thread draws the next one.
        self._pool = ThreadPoolExecutor(1)
        self._next: Future[Batch] | None = None

    def _whiten(self) -> None:
        from nano_network import normalised, read_by_whitening

        size = self._stage.size
        pictures = self._shards.draw(512, size, self._shares, 0.0)[0]
        read_by_whitening(
            self._network.cpu(), normalised(torch.from_numpy(pictures).float())
        )
        self._network.to(self._device)

    @property
    def _shares(self) -> dict[str, float]:
        return {"render": 1 - self._arguments.real, "real": self._arguments.real}

    @property
    def _progress(self) -> float:
        """Where on the schedule the training is, 0 to 1."""
        share = self._elapsed / 60 / self._arguments.minutes
        skipped = self._arguments.skip
        return min(1.0, skipped + (1 - skipped) * share)

    @property
    def _checkpoint(self) -> Path:
        return Path(self._arguments.run) / "state.pt"

    def _make_optimizers(self) -> dict[str, Any]:
        """Muon for the matrices of the layers, AdamW for all else."""
        matrices, others, vectors = [], [], []
        for name, parameter in self._network.named_parameters():
            if "encoder" in name and parameter.ndim == 2:
                matrices.append(parameter)
            elif parameter.ndim > 1 and "position" not in name:
                others.append(parameter)
            else:
                vectors.append(parameter)
        groups = [
            {"params": others, "weight_decay": 0.02},
            {"params": vectors, "weight_decay": 0.0},
        ]
        return {
            "muon": torch.optim.Muon(
                matrices, lr=1.0, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"
            ),
            "adam": torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.98)),
        }

    def resume(self) -> None:
        """Go on from the saved state, where there is one."""
        from nano_network import resize

        if not self._checkpoint.is_file():
            return
        state = torch.load(self._checkpoint, weights_only=True)
        for network in (self._network, self._average):
            resize(network, tuple(state["size"]))
        self._optimizers = self._make_optimizers()
        self._network.load_state_dict(state["network"])
        self._average.load_state_dict(state["average"])
        for name, optimizer in self._optimizers.items():
            optimizer.load_state_dict(state[name])
        self._step, self._elapsed = state["step"], state["elapsed"]
        self._pictures = state["pictures"]
        self._stage = next(s for s in STAGES if list(s.size) == state["size"])
        log.info("resumed at step %d", self._step)

    def save(self) -> None:
        """Write the state so far."""
        state = {
            "network": self._network.state_dict(),
            "average": self._average.state_dict(),
            "step": self._step,
            "elapsed": self._elapsed,
            "pictures": self._pictures,
            "size": list(self._stage.size),
            **{name: o.state_dict() for name, o in self._optimizers.items()},
        }
        fresh = self._checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._checkpoint)

    def export(self, folder: Path) -> None:
        """Write the averaged network at its full size, its scores made true."""
        from nano_network import FULL, export, resize
        from nano_scores import make_scores_true

        whole = copy.deepcopy(self._average).cpu()
        resize(whole, FULL)
        log.info("scores times %.3f", make_scores_true(whole, self._shards))
        export(whole, folder)

    def run(self) -> None:
        """Train until the time is over."""
        limit = self._arguments.minutes * 60
        saved = looked = last = time.monotonic()
        means: dict[str, float] = {}
        threads = _Threads()
        while self._elapsed < limit:
            self._enter_stage(self._progress)
            for name, value in self._train_step(self._progress).items():
                means[name] = 0.98 * means.get(name, value) + 0.02 * value
            now = time.monotonic()
            self._elapsed += min(now - last, LONGEST_STEP)
            threads.took(now - last)
            last = now
            if self._step % 50 == 0:
                self._note(means)
            if now - looked > LOOK_EVERY:
                self._count, looked = self._shards.refresh(), now
            if now - saved > SAVE_EVERY:
                self.save()
                saved = now
        self.save()

    def _note(self, means: dict[str, float]) -> None:
        """Add a line to the curves."""
        path = self._arguments.run / "curves.csv"
        row = {
            "step": self._step, "seconds": round(self._elapsed),
            "pictures": self._pictures, "size": self._stage.size[0],
            "there": sum(self._count.values()), "threads": torch.get_num_threads(),
            **{name: round(value, 4) for name, value in means.items()},
        }  # fmt: skip
        fresh = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row)
            if fresh:
                writer.writeheader()
            writer.writerow(row)
        log.info(" ".join(f"{name} {value}" for name, value in row.items()))

    def _enter_stage(self, progress: float) -> None:
        from nano_network import resize

        stage = _stage_at(progress)
        if stage.size != self._stage.size:
            log.info("pictures of %d px from now on", stage.size[0])
            for network in (self._network, self._average):
                resize(network, stage.size)
            self._optimizers = self._with_old_moments(self._make_optimizers())
            self._next = None
        self._stage = stage

    def _with_old_moments(self, fresh: dict[str, Any]) -> dict[str, Any]:
        """Return optimizers that remember all that still has its shape."""
        for name, optimizer in fresh.items():
            old = self._optimizers[name]
            pairs = zip(
                (p for g in old.param_groups for p in g["params"]),
                (p for g in optimizer.param_groups for p in g["params"]),
            )
            for before, after in pairs:
                if before.shape == after.shape and before in old.state:
                    optimizer.state[after] = old.state[before]
        return fresh

    def _train_step(self, progress: float) -> dict[str, float]:
        from nano_network import heatmaps_of, loss_of, normalised

        pictures, xy, heights = (t.to(self._device) for t in self._take_batch())
        rate = self._arguments.rate * min(1.0, (self._step + 1) / 200)
        rate *= 0.5 * (1 + math.cos(math.pi * progress)) * 0.99 + 0.01
        for optimizer in self._optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
        known = torch.isfinite(heights).float()
        wanted = heatmaps_of(xy, heights.nan_to_num(), self._stage.size)
        with torch.autocast(self._device.type, dtype=torch.bfloat16):
            maps = self._network(normalised(pictures.float())).heatmaps
        maps = maps.float()
        loss = loss_of(maps, wanted, known, self._stage.sharpness)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        for optimizer in self._optimizers.values():
            optimizer.step()
        self._step += 1
        self._pictures += len(pictures)
        self._follow()
        return {"loss": float(loss.detach()), **_hits(maps.detach(), wanted, heights)}

    def _take_batch(self) -> Batch:
        """Return the batch that was drawn meanwhile, and have the next one drawn."""
        ready = self._next or self._pool.submit(self._draw)
        batch = ready.result()
        self._next = self._pool.submit(self._draw)
        return batch

    def _draw(self) -> Batch:
        calm = max(0.0, self._progress - 0.9)
        stage = self._stage
        drawn = self._shards.draw(stage.batch, stage.size, self._shares, 4 * calm)
        pictures, xy, heights = map(torch.from_numpy, drawn)
        return pictures, xy, heights

    @torch.no_grad()
    def _follow(self) -> None:
        # The last stage is short: what went before at smaller size must fade.
        longest = 0.998 if self._stage.until < 1 else 0.995
        keep = min(longest, 1 - 1 / (1 + self._step / 10))
        for mean, now in zip(self._average.parameters(), self._network.parameters()):
            mean.lerp_(now, 1 - keep)


def _hits(maps: Tensor, wanted: Tensor, heights: Tensor) -> dict[str, float]:
    """Return the share of seen keypoints found within a tenth of the picture."""
    width = maps.shape[3]
    seen = heights > 0.5
    gap = []
    for index in (maps.flatten(2).argmax(-1), wanted.flatten(2).argmax(-1)):
        gap.append(torch.stack([index % width, index // width], dim=-1).float())
    away = (gap[0] - gap[1]).norm(dim=-1) / maps.shape[2]
    return {
        "within_8": float((away[seen] < 0.08).float().mean()),
        "within_4": float((away[seen] < 0.04).float().mean()),
    }
