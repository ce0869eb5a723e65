# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in slices: it goes on at ticks, ends at Esc, and lets go whatever happens."""

from types import SimpleNamespace

import pytest

from vitpose_blender.blender.operators import stepwise
from vitpose_blender.core.errors import VitposeError

ESC = SimpleNamespace(type="ESC", value="PRESS")
TICK = SimpleNamespace(type="TIMER", value="NOTHING")


class Job:
    """Stands for a `stepwise.Job`, which needs a window."""

    title = "Trying"

    def __init__(self, *answers):
        self.answers = list(answers)
        self.is_stopped = False

    def tick(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def stop(self):
        self.is_stopped = True
        stepwise.running.remove(self)


@pytest.fixture
def begin():
    def begin(*answers):
        operator = stepwise.InSteps()
        operator.title = "Trying"
        operator.told = []
        operator.report = lambda kinds, text: operator.told.append((*kinds, text))
        operator._job = Job(*answers)
        stepwise.running.append(operator._job)
        return operator, operator._job

    yield begin
    assert stepwise.running == []


@pytest.mark.parametrize(
    ("pause", "expected"), [(0.0, 0.02), (0.01, 0.02), (0.1, 0.1), (5.0, 0.15)]
)
def test_a_slice_lasts_as_long_as_drawing_does_within_limits(pause, expected):
    assert stepwise.budget(pause) == expected


def test_it_goes_on_until_it_is_done(begin):
    operator, job = begin(None, "All done")
    assert operator.modal(None, TICK) == {"RUNNING_MODAL"}
    assert not job.is_stopped
    assert operator.modal(None, TICK) == {"FINISHED"}
    assert operator.told == [("INFO", "All done")]
    assert job.is_stopped


def test_esc_ends_it(begin):
    operator, job = begin()
    assert operator.modal(None, ESC) == {"CANCELLED"}
    assert operator.told == [("INFO", "Trying was stopped; nothing has changed")]
    assert job.is_stopped


def test_looking_around_goes_through_and_changes_do_not(begin):
    operator, _ = begin("Done")
    for kind, answer in (("MIDDLEMOUSE", "PASS_THROUGH"), ("X", "RUNNING_MODAL")):
        event = SimpleNamespace(type=kind, value="PRESS")
        assert operator.modal(None, event) == {answer}
    operator.modal(None, TICK)


def test_a_users_error_is_reported(begin):
    operator, job = begin(VitposeError("no luck"))
    assert operator.modal(None, TICK) == {"CANCELLED"}
    assert operator.told == [("ERROR", "no luck")]
    assert job.is_stopped


def test_a_bug_lets_go_and_is_shown(begin):
    operator, job = begin(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        operator.modal(None, TICK)
    assert job.is_stopped


def test_what_was_stopped_from_outside_ends_quietly(begin):
    operator, job = begin("never told")
    stepwise.stop_all()
    assert operator.modal(None, TICK) == {"CANCELLED"}
    assert operator.told == []
    assert job.is_stopped
    stepwise.running.append(job)  # Its operator may let go of it a second time.
    operator.cancel(None)
