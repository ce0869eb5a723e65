# SPDX-License-Identifier: GPL-3.0-or-later
"""Distil where elbows and knees bend to in real motion into `core/flexion_table.py`.

Reads the motion capture whose licence lets derived weights ship, leaves out what
`scripts/evaluate.py` holds back, and fits, over the direction of the upper bone, where
the lower bone goes when the limb bends. Prints how far the fit is from the motion.
"""

import argparse

import _cli
import _document
import _environment

if __name__ == "__main__":
    _environment.activate()

import numpy as np

from make_limb_prior import CHAINS, limb_directions, shipped_clips
from vitpose_blender.core.errors import SourceError
from vitpose_blender.core.flexion import features
from vitpose_blender.core.rotations import reject, unit

ROOT = _environment.ROOT
BENT = np.radians(35)  # A limb bent by less does not show well where it bends to.
CELL = 0.25  # Side of the cells of equal weight over the upper bone's direction [1].
ROUNDS = 20
HEADER = '''# SPDX-License-Identifier: GPL-3.0-or-later
"""Where elbows and knees bend to, made by `scripts/make_hinge_prior.py`.

One row a feature of the upper bone's direction (see `flexion.features`); columns are
left, up and forward of the trunk, for a left limb.
"""

'''


def bent_limbs(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the upper bone, and where the lower one bends to, where that is clear.

    Args:
        directions: Of both bones in the trunk's frame, shape `(N, 6)`, unit.
    """
    upper, lower = directions[:, :3], directions[:, 3:]
    is_bent = np.sum(upper * lower, axis=1) < np.cos(BENT)
    upper, lower = upper[is_bent], lower[is_bent]
    return upper, unit(reject(lower, upper))


def fit(upper: np.ndarray, flexion: np.ndarray) -> np.ndarray:
    """Return coefficients `(P, 3)` by least absolute angles, reweighted (IRLS)."""
    cells = np.round(upper / CELL).astype(np.int64)
    _, inverse, counts = np.unique(
        cells, axis=0, return_inverse=True, return_counts=True
    )
    even = counts[inverse.ravel()] ** -0.35
    known, weights = features(upper), even
    for _ in range(ROUNDS):
        table = np.linalg.lstsq(
            known * weights[:, None], flexion * weights[:, None], rcond=None
        )[0]
        weights = even / np.sqrt(np.maximum(angles(known @ table, upper, flexion), 10))
    return np.asarray(table)


def angles(made: np.ndarray, upper: np.ndarray, flexion: np.ndarray) -> np.ndarray:
    """Return how far fitted flexions are from the true ones, about the bone [deg]."""
    cosine = np.sum(unit(reject(made, upper)) * flexion, axis=1)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = _cli.ArgumentParser(__doc__ or "")
    _document.add_shared(parser)
    return parser.parse_args()


def main(arguments: argparse.Namespace) -> int:
    """Write the table; returns the exit code."""
    folder = arguments.shared / "data" / "mocap"
    if not (folder / "index.json").is_file():
        raise SourceError(f"There is no motion capture in {folder}: give --shared")
    clips = shipped_clips(folder)
    text = HEADER
    for kind in CHAINS:
        upper, flexion = bent_limbs(limb_directions(clips, kind))
        table = fit(upper, flexion)
        errors = angles(features(upper) @ table, upper, flexion)
        middle, most = np.percentile(errors, (50, 95))
        print(
            f"{kind}: {len(upper)} bent limbs, {middle:.0f} deg median, {most:.0f} p95"
        )
        rows = "\n".join(" ".join(f"{value:.3f}" for value in row) for row in table)
        text += f'{kind.upper()} = """\n{rows}\n"""\n\n'
    path = ROOT / "vitpose_blender" / "core" / "flexion_table.py"
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    wanted = parse_arguments()
    _cli.run(lambda: main(wanted))
