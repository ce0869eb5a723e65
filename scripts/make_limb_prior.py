# SPDX-License-Identifier: GPL-3.0-or-later
"""Distil how limbs point in real motion into `core/limb_prior_table.py`.

Reads the motion capture whose licence lets derived weights ship, leaves out what
`scripts/evaluate.py` holds back, and fits a mixture of directions to arms and legs.
"""

import argparse
import json
from pathlib import Path

import _cli
import _document
import _environment

if __name__ == "__main__":
    _environment.activate()

import numpy as np

from vitpose_blender.core.errors import SourceError
from vitpose_blender.core.trunk_frames import trunk_frames

ROOT = _environment.ROOT
HELD_OUT = ("s09", "s10")  # UI-PRMD subjects that evaluate.py measures on.
CHAINS = {"arm": ((5, 7, 9), (6, 8, 10)), "leg": ((11, 13, 15), (12, 14, 16))}
HEADER = '''# SPDX-License-Identifier: GPL-3.0-or-later
"""Typical directions of limbs, made by `scripts/make_limb_prior.py`.

Each row: weight, then direction and concentration of the upper bone, then
of the lower; in the trunk's frame (left, up, forward), for a left limb.
"""

'''
CELL = 0.2  # Side of the cells that count as one pose, on the unit sphere [1].


def shipped_clips(folder: Path) -> list[np.ndarray]:
    """Return COCO-17 joints `(F, 17, 3)` of each clip that may be distilled."""
    records = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    ships = {(r["source"], r["clip"]) for r in records if r["ship"] == "yes"}
    clips = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=True) as data:
            joints, starts, names = data["coco17"], data["starts"], data["clips"]
            for name, start, end in zip(names, starts[:-1], starts[1:]):
                held_out = any(subject in str(name) for subject in HELD_OUT)
                if (path.stem, str(name)) in ships and not held_out:
                    clips.append(joints[start:end:3].astype(np.float64))
    return clips


def limb_directions(clips: list[np.ndarray], kind: str) -> np.ndarray:
    """Return directions of both bones of a limb in the trunk's frame, `(N, 6)`.

    The right limbs are mirrored onto the left, so that one table serves both.
    """
    width_rows = (5, 6) if kind == "arm" else (11, 12)
    found = []
    for joints in clips:
        hips, shoulders = joints[:, 11:13].mean(1), joints[:, 5:7].mean(1)
        lateral = joints[:, width_rows[0]] - joints[:, width_rows[1]]
        frames = trunk_frames(lateral, shoulders - hips)
        for chain, mirror in zip(CHAINS[kind], (1.0, -1.0)):
            bones = np.diff(joints[:, chain], axis=1)
            bones = np.einsum("tij,tbj->tbi", frames, bones)
            bones /= np.linalg.norm(bones, axis=-1, keepdims=True)
            bones[..., 0] *= mirror
            found.append(bones.reshape(-1, 6))
    directions = np.concatenate(found)
    return directions[np.isfinite(directions).all(axis=1)]


def even_out(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep one sample a cell; its weight grows slowly with how often it occurs."""
    cells = np.round(directions / CELL).astype(np.int64)
    _, first, counts = np.unique(cells, axis=0, return_index=True, return_counts=True)
    return directions[first], counts**0.4


def fit(
    directions: np.ndarray, weights: np.ndarray, num: int, rng: np.random.Generator
) -> np.ndarray:
    """Fit products of two von Mises-Fisher densities by expectation maximisation.

    Returns:
        Rows of `(weight, upper xyz, upper kappa, lower xyz, lower kappa)`.
    """
    probability = weights / weights.sum()
    centers = directions[rng.choice(len(directions), num, replace=False, p=probability)]
    mix, kappa = np.full(num, 1 / num), np.full((num, 2), 8.0)
    parts = directions.reshape(-1, 2, 3)
    for _ in range(60):
        cosine = np.einsum("nbi,kbi->nkb", parts, centers.reshape(num, 2, 3))
        log_norm = np.log(kappa) - kappa  # exp(k cos) k / exp(k), up to a constant.
        score = np.log(mix) + (kappa * cosine + log_norm).sum(-1)
        share = np.exp(score - score.max(1, keepdims=True))
        share *= (weights / share.sum(1))[:, np.newaxis]
        total = share.sum(0) + 1e-9
        mean = np.einsum("nk,nbi->kbi", share, parts) / total[:, np.newaxis, np.newaxis]
        length = np.linalg.norm(mean, axis=-1)
        centers = (mean / length[..., np.newaxis]).reshape(num, 6)
        # Mean resultant length of a concentrated distribution: 1 - 1 / kappa.
        kappa = np.clip(1 / (1 - length + 1e-6), 3.0, 40.0)
        mix = total / total.sum()
    table = np.column_stack(
        [mix, centers[:, :3], kappa[:, 0], centers[:, 3:], kappa[:, 1]]
    )
    return table[np.argsort(-mix)]


def format_table(name: str, table: np.ndarray) -> str:
    rows = "\n".join(
        f"{w:.4f} {a:.2f} {b:.2f} {c:.2f} {k:.1f} {d:.2f} {e:.2f} {f:.2f} {m:.1f}"
        for w, a, b, c, k, d, e, f, m in table
    )
    return f'{name} = """\n{rows}\n"""\n'


def parse_arguments() -> argparse.Namespace:
    parser = _cli.ArgumentParser(__doc__ or "")
    _document.add_shared(parser)
    parser.add_argument("--num", type=int, default=40, help="directions a limb")
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    """Write the table; returns the exit code."""
    folder = arguments.shared / "data" / "mocap"
    if not (folder / "index.json").is_file():
        raise SourceError(f"There is no motion capture in {folder}: give --shared")
    clips = shipped_clips(folder)
    rng = np.random.default_rng(0)
    text = HEADER
    for kind in CHAINS:
        directions, weights = even_out(limb_directions(clips, kind))
        print(f"{kind}: {len(directions)} distinct poses from {len(clips)} clips")
        table = fit(directions, weights, arguments.num, rng)
        text += format_table(kind.upper(), table) + "\n"
    path = ROOT / "vitpose_blender" / "core" / "limb_prior_table.py"
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    wanted = parse_arguments()
    _cli.run(lambda: main(wanted))
