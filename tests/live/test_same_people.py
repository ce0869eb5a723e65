# SPDX-License-Identifier: GPL-3.0-or-later
"""People keep their numbers when their video is looked at again."""

from dataclasses import replace

import numpy as np

from vitpose_blender.core.packet import Packet
from vitpose_blender.core.types import Keypoints2D
from vitpose_blender.live.same_people import numbers_as_before

FPS = 30.0


def seen(person, frames, x=100.0, box=True):
    """Return somebody 100 px wide and 300 tall, from `x` on, in some frames."""
    corners = np.array([[x, 50.0], [x + 100, 350.0]])
    return [
        Packet(
            Keypoints2D(corners.repeat([9, 8], axis=0), np.full(17, 0.9), frame / FPS),
            person=person,
            frame=frame,
            image_wh=(640, 480),
            box=(x, 50.0, 100.0, 300.0) if box else None,
        )
        for frame in frames
    ]


def test_two_who_were_numbered_the_other_way_round():
    before = seen(1, range(30), 100) + seen(2, range(30), 400)
    now = seen(1, range(30), 405) + seen(2, range(30), 96)
    assert numbers_as_before(before, now) == {1: 2, 2: 1}


def test_who_was_found_again_under_another_number_is_the_same():
    before = seen(3, range(60))
    now = seen(1, range(25)) + seen(4, range(30, 60))
    assert numbers_as_before(before, now) == {1: 3, 4: 3}


def test_two_at_one_moment_are_never_the_same():
    before = seen(3, range(60))
    now = seen(1, range(60)) + seen(2, range(10, 20), 120)
    assert numbers_as_before(before, now) == {1: 3, 2: 4}


def test_who_was_not_there_before_gets_a_new_number():
    before = seen(1, range(30)) + seen(7, range(30), 500)
    now = seen(1, range(30), 250) + seen(2, range(30))
    assert numbers_as_before(before, now) == {1: 8, 2: 1}


def test_one_who_is_at_the_same_place_for_a_moment_is_another():
    before = seen(1, range(30))
    now = seen(1, range(20), 450) + seen(1, range(20, 30))
    assert numbers_as_before(before, now) == {1: 2}


def test_one_who_only_passes_by_is_another():
    before = seen(1, range(30))
    now = [each for x in range(30) for each in seen(1, [x], 20.0 * x)]
    assert numbers_as_before(before, now) == {1: 2}


def test_boxes_are_not_needed_and_rates_may_differ():
    before = seen(5, range(0, 60, 2), box=False)
    now = [replace(each, box=None) for each in seen(1, range(60))]
    assert numbers_as_before(before, now) == {1: 5}


def test_nobody_keeps_no_number():
    assert numbers_as_before(seen(1, range(3)), []) == {}
    assert numbers_as_before([], seen(6, range(3))) == {6: 1}
