# SPDX-License-Identifier: GPL-3.0-or-later
"""Keypoint layouts as data: names, left/right pairs, edges to draw.

A layout says what the rows of a keypoint array mean. `coco17` is the default;
`CANONICAL` is the 3D skeleton that `Joints3D` and takes use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .errors import VitposeError

SIDES = ("left", "right")  # The person's own.


@dataclass(frozen=True)
class Layout:
    """What the rows of a keypoint array mean.

    Attributes:
        id: Short name, as written into packets.
        names: One name a row; sides are the person's own, spelled out.
        edges: Pairs of row indices that a drawing connects.
    """

    id: str
    names: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each name."""
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def flip_pairs(self) -> tuple[tuple[int, int], ...]:
        """Rows that change places when the picture is mirrored, left one first."""
        return tuple(
            (row, self.index[name.replace("left_", "right_", 1)])
            for row, name in enumerate(self.names)
            if name.startswith("left_")
        )

    def rows_of(self, names: Sequence[str]) -> list[int]:
        """Return the row of each name; a name the layout lacks raises KeyError."""
        return [self.index[name] for name in names]


def _layout(
    layout_id: str, names: tuple[str, ...], edge_names: tuple[tuple[str, str], ...]
) -> Layout:
    rows = {name: row for row, name in enumerate(names)}
    return Layout(layout_id, names, tuple((rows[a], rows[b]) for a, b in edge_names))


def _both_sides(*edges: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Repeat each edge for left and right; `*` stands for the side."""
    return tuple(
        (a.replace("*", side), b.replace("*", side)) for a, b in edges for side in SIDES
    )


_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_LIMB_NAMES = (
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
_LIMB_EDGES = _both_sides(
    ("*_shoulder", "*_elbow"),
    ("*_elbow", "*_wrist"),
    ("*_hip", "*_knee"),
    ("*_knee", "*_ankle"),
)
_FACE_EDGES = _both_sides(("nose", "*_eye"), ("*_eye", "*_ear"))
_TRUNK_EDGES = (
    *_both_sides(("*_shoulder", "*_hip")),
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
)

COCO17 = _layout(
    "coco17", _FACE + _LIMB_NAMES, _FACE_EDGES + _TRUNK_EDGES + _LIMB_EDGES
)

# The 3D skeleton: COCO-17 first, then what a body needs and COCO leaves out.
CANONICAL = _layout(
    "canonical28",
    (
        *COCO17.names,
        "pelvis", "spine", "chest", "neck", "head_top",
        "left_heel", "right_heel", "left_toe", "right_toe",
        "left_hand", "right_hand",
    ),
    (
        *_LIMB_EDGES,
        ("pelvis", "spine"), ("spine", "chest"), ("chest", "neck"),
        ("neck", "head_top"),
        *_both_sides(
            ("neck", "*_shoulder"), ("pelvis", "*_hip"), ("*_ankle", "*_heel"),
            ("*_heel", "*_toe"), ("*_ankle", "*_toe"), ("*_wrist", "*_hand"),
        ),
    ),
)  # fmt: skip

MPII16 = _layout(
    "mpii16",
    (
        "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee",
        "left_ankle", "pelvis", "thorax", "upper_neck", "head_top",
        "right_wrist", "right_elbow", "right_shoulder",
        "left_shoulder", "left_elbow", "left_wrist",
    ),
    (
        *_LIMB_EDGES,
        *_both_sides(("pelvis", "*_hip"), ("thorax", "*_shoulder")),
        ("pelvis", "thorax"), ("thorax", "upper_neck"), ("upper_neck", "head_top"),
    ),
)  # fmt: skip

AIC14 = _layout(
    "aic14",
    (
        "right_shoulder", "right_elbow", "right_wrist",
        "left_shoulder", "left_elbow", "left_wrist",
        "right_hip", "right_knee", "right_ankle",
        "left_hip", "left_knee", "left_ankle", "head_top", "neck",
    ),
    (
        *_LIMB_EDGES, ("head_top", "neck"),
        *_both_sides(("neck", "*_shoulder"), ("neck", "*_hip")),
    ),
)  # fmt: skip

AP10K17 = _layout(
    "ap10k17",
    (
        "left_eye", "right_eye", "nose", "neck", "tail_root",
        "left_front_shoulder", "left_front_elbow", "left_front_paw",
        "right_front_shoulder", "right_front_elbow", "right_front_paw",
        "left_back_hip", "left_back_knee", "left_back_paw",
        "right_back_hip", "right_back_knee", "right_back_paw",
    ),
    (
        ("left_eye", "right_eye"), ("nose", "neck"), ("neck", "tail_root"),
        *_both_sides(
            ("*_eye", "nose"), ("neck", "*_front_shoulder"),
            ("*_front_shoulder", "*_front_elbow"), ("*_front_elbow", "*_front_paw"),
            ("tail_root", "*_back_hip"), ("*_back_hip", "*_back_knee"),
            ("*_back_knee", "*_back_paw"),
        ),
    ),
)  # fmt: skip


_FEET = tuple(
    f"{side}_{part}" for side in SIDES for part in ("big_toe", "small_toe", "heel")
)
_FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky")


def _wholebody_names() -> tuple[str, ...]:
    face = tuple(f"face_{row}" for row in range(68))
    fingers = tuple(f"{finger}{joint}" for finger in _FINGERS for joint in range(1, 5))
    hands = tuple(
        f"{side}_{name}" for side in SIDES for name in ("hand_root", *fingers)
    )
    return COCO17.names + _FEET + face + hands


COCO_WHOLEBODY133 = _layout(
    "coco_wholebody133",
    _wholebody_names(),
    (
        *_FACE_EDGES, *_TRUNK_EDGES, *_LIMB_EDGES,
        *_both_sides(
            ("*_ankle", "*_heel"), ("*_ankle", "*_big_toe"), ("*_ankle", "*_small_toe"),
            *(
                (a, b)
                for finger in _FINGERS
                for a, b in (
                    ("*_hand_root", f"*_{finger}1"), (f"*_{finger}1", f"*_{finger}2"),
                    (f"*_{finger}2", f"*_{finger}3"), (f"*_{finger}3", f"*_{finger}4"),
                )
            ),
        ),
    ),
)  # fmt: skip

BODY25 = _layout(
    "body25",
    (
        "nose", "neck", "right_shoulder", "right_elbow", "right_wrist",
        "left_shoulder", "left_elbow", "left_wrist", "pelvis",
        "right_hip", "right_knee", "right_ankle",
        "left_hip", "left_knee", "left_ankle",
        "right_eye", "left_eye", "right_ear", "left_ear", *_FEET,
    ),
    (
        *_FACE_EDGES, *_LIMB_EDGES, ("nose", "neck"), ("neck", "pelvis"),
        *_both_sides(
            ("neck", "*_shoulder"), ("pelvis", "*_hip"), ("*_ankle", "*_big_toe"),
            ("*_big_toe", "*_small_toe"), ("*_ankle", "*_heel"),
        ),
    ),
)  # fmt: skip
BODY25B = _layout(
    "body25b",
    (*COCO17.names, "upper_neck", "head_top", *_FEET),
    (
        *_FACE_EDGES, *_TRUNK_EDGES, *_LIMB_EDGES, ("upper_neck", "head_top"),
        *_both_sides(
            ("*_shoulder", "upper_neck"), ("*_ankle", "*_big_toe"),
            ("*_big_toe", "*_small_toe"), ("*_ankle", "*_heel"),
        ),
    ),
)  # fmt: skip

LAYOUTS = {
    layout.id: layout
    for layout in (
        COCO17, COCO_WHOLEBODY133, MPII16, AIC14, AP10K17, BODY25, BODY25B
    )
}  # fmt: skip


def layout_by_id(layout_id: str) -> Layout:
    """Return the layout called `layout_id`.

    Raises:
        VitposeError: No layout has that name; the message lists those that exist.
    """
    try:
        return LAYOUTS[layout_id]
    except KeyError:
        raise VitposeError(
            f"Unknown keypoint layout {layout_id!r}; known are "
            f"{', '.join(sorted(LAYOUTS))}"
        ) from None
