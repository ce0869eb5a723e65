# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for labels.py: the ways that models spell the layouts."""

import pytest

from vitpose_blender.core.errors import VitposeError
from vitpose_blender.core.layouts import COCO17, LAYOUTS
from vitpose_blender.inference.labels import layout_of_labels


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.id)
def test_a_layouts_own_names_are_known(layout):
    assert layout_of_labels(layout.names) is layout


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.id)
def test_a_hub_models_spelling_is_known(layout):
    labels = [
        name.replace("left_", "L_", 1).replace("right_", "R_", 1).title()
        for name in layout.names
    ]
    assert layout_of_labels(labels) is layout


def test_camel_case_is_known():
    labels = [name.title().replace("_", "") for name in COCO17.names]
    assert labels[1] == "LeftEye"
    assert layout_of_labels(labels) is COCO17


@pytest.mark.parametrize(
    ("count", "layout_id"),
    [(17, "coco17"), (133, "coco_wholebody133"), (16, "mpii16"), (14, "aic14")],
)
def test_unnamed_labels_are_told_apart_by_their_number(count, layout_id):
    assert layout_of_labels([f"LABEL_{i}" for i in range(count)]).id == layout_id
    assert layout_of_labels([str(i) for i in range(count)]).id == layout_id


def test_animals_in_the_datasets_own_words_are_known():
    labels = (
        "L_Eye", "R_Eye", "Nose", "Neck", "Root of tail", "L_Shoulder", "L_Elbow",
        "L_F_Paw", "R_Shoulder", "R_Elbow", "R_F_Paw", "L_Hip", "L_Knee", "L_B_Paw",
        "R_Hip", "R_Knee", "R_B_Paw",
    )  # fmt: skip
    assert layout_of_labels(labels).id == "ap10k17"


def test_unnamed_hands_and_faces_do_not_matter():
    names = [*LAYOUTS["coco_wholebody133"].names[:23], *map(str, range(110))]
    assert layout_of_labels(names).id == "coco_wholebody133"


@pytest.mark.parametrize(
    "labels",
    [
        ["LABEL_0", "LABEL_1"],
        [f"LABEL_{i}" for i in range(25)],  # Two layouts have 25: not a guess to make.
        [f"part_{i}" for i in range(17)],
        [*COCO17.names[:15], COCO17.names[16], COCO17.names[15]],
        [name.replace("left", "right") for name in COCO17.names],
    ],
    ids=["two", "ambiguous", "other-names", "swapped", "one-sided"],
)
def test_unknown_labels_are_refused_in_a_sentence(labels):
    with pytest.raises(VitposeError, match=r"are no known layout.*coco17 \(17\)"):
        layout_of_labels(labels)


def test_the_layout_may_be_named():
    labels = [f"LABEL_{i}" for i in range(25)]
    assert layout_of_labels(labels, "body25b").id == "body25b"
    with pytest.raises(VitposeError, match="25 keypoints, but layout 'coco17' has 17"):
        layout_of_labels(labels, "coco17")
    with pytest.raises(VitposeError, match="Unknown keypoint layout"):
        layout_of_labels(labels, "nonsense")
