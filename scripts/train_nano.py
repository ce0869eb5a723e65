# SPDX-License-Identifier: GPL-3.0-or-later
"""Train vitpose-nano, a small ViTPose, on rendered people and a few real ones.

    python3 scripts/train_nano.py real   --run out/nano
    python3 scripts/train_nano.py render --run out/nano --pictures 100000
    python3 scripts/train_nano.py train  --run out/nano --minutes 100
    python3 scripts/train_nano.py train  --run out/nano --minutes 160   (goes on)
    python3 scripts/train_nano.py export --run out/nano --to out/nano/vitpose-nano

Rendering writes pictures to the folder of the run, in parts; training uses what is
there and looks for more now and then, so both may run at the same time. `all` does
so: with a GPU, `all --minutes 8 --workers 12` is a run that makes progress and leaves
a checkpoint. The state is saved every few minutes; the same command goes on
where it stopped, and `--init FOLDER` starts from an exported model.

Rendering needs OpenGL through EGL (Mesa's in software will do) and two packages that
nothing else needs: `pip install moderngl ai-edge-litert`, the latter only for the real
frames that a teacher labels. Two cores suffice; a CUDA GPU is used where there is one.

With glibc, set MALLOC_MMAP_THRESHOLD_=2000000000 and MALLOC_TRIM_THRESHOLD_=4000000000:
otherwise every batch is given back to the system and the next is many times slower.
OMP_WAIT_POLICY=PASSIVE keeps waiting threads from taking the cores, and
LP_NUM_THREADS=1 keeps Mesa from more threads than it has work for. Training finds out
by itself how many threads are fastest beside what else runs.
"""

import argparse
import logging
import time
from pathlib import Path

import _cli
import _environment

if __name__ == "__main__":
    _environment.activate()

from vitpose_blender.core.errors import SourceError

log = logging.getLogger("train_nano")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    parser.add_argument("what", choices=("render", "real", "train", "export", "all"))
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--minutes", type=float, default=100.0, help="training time in all"
    )
    parser.add_argument(
        "--pictures", type=int, default=100_000, help="to render in all"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that render")
    parser.add_argument(
        "--rate", type=float, default=1.5e-3, help="highest learning rate"
    )
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--real", type=float, default=0.15, help="share of real frames")
    parser.add_argument("--init", type=Path, help="folder of a model to start from")
    parser.add_argument(
        "--skip",
        type=float,
        default=0.0,
        help="share of the schedule to leave out at its start; 0.5 suits --init",
    )
    parser.add_argument("--to", type=Path, help="where to export the model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--shared", type=Path, default=_environment.ROOT.parent / "shared"
    )
    return parser.parse_args()


def prepare(arguments: argparse.Namespace) -> None:
    """Make the pictures that are asked for; `all` trains while they are rendered."""
    from nano_pictures import Order, start

    folder = arguments.run / "shards"
    if arguments.what in ("real", "all"):
        from nano_real import write_real_shards

        count = write_real_shards(arguments.shared, folder, arguments.seed)
        log.info("%d real pictures", count)
    if arguments.what in ("render", "all"):
        order = Order(arguments.shared, folder, arguments.pictures, 0, arguments.seed)
        processes = start(order, arguments.workers)
        if arguments.what == "render":
            for process in processes:
                process.join()
        while not any(folder.glob("render_*.labels.npy")):
            time.sleep(1)
            if not any(process.is_alive() for process in processes):
                raise SourceError("No picture was rendered: see the lines above")


def _log_to(path: Path) -> None:
    log.setLevel(logging.INFO)
    log.propagate = False
    for handler in (
        logging.FileHandler(path, encoding="utf-8"),
        logging.StreamHandler(),
    ):
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)


def main(arguments: argparse.Namespace) -> int:
    """Render, train or export as the command line asks."""
    arguments.run.mkdir(parents=True, exist_ok=True)
    _log_to(arguments.run / f"{arguments.what}.log")
    if arguments.what in ("render", "real", "all"):
        prepare(arguments)
    if arguments.what in ("train", "export", "all"):
        from nano_training import Trainer

        trainer = Trainer(arguments)
        trainer.resume()
        if arguments.what != "export":
            trainer.run()
        if arguments.to:
            trainer.export(arguments.to)
    return 0


if __name__ == "__main__":
    wanted = parse_arguments()
    _cli.run(lambda: main(wanted))
