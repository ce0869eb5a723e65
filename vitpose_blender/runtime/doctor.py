# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capture needs of this machine, tried piece by piece: a report to copy."""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ..core.errors import VitposeError
from .job import Cancelled, Progress, Report
from .masking import mask_home

log = logging.getLogger(__name__)

Status = Literal["ok", "warn", "fail"]
_MARKS: dict[Status, str] = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        topic: What it is about, a word or two.
        status: Whether that serves.
        text: What was found.
        way_out: What to do about it; empty where there is nothing to do.
    """

    topic: str
    status: Status
    text: str
    way_out: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """The whole report.

    Attributes:
        findings: Its lines, in order.
    """

    findings: tuple[Finding, ...] = field(default_factory=tuple)

    @property
    def worst(self) -> Status:
        """The status of the whole."""
        found = {finding.status for finding in self.findings}
        return next((s for s in ("fail", "warn") if s in found), "ok")

    def text(self) -> str:
        """Return it for people; nobody's name and home folder are in it."""
        width = max((len(finding.topic) for finding in self.findings), default=0)
        lines = ["ViTPose Doctor"]
        for finding in self.findings:
            mark = _MARKS[finding.status]
            lines.append(f"{mark}  {finding.topic:{width}}  {finding.text}")
            if finding.way_out:
                lines.append(f"      {'':{width}}  -> {finding.way_out}")
        return mask_home("\n".join(lines) + "\n")

    def to_json(self) -> str:
        """Return it for programs; masked likewise."""
        findings = [
            {name: mask_home(text) for name, text in asdict(finding).items()}
            for finding in self.findings
        ]
        return json.dumps({"worst": self.worst, "findings": findings}, indent=2)


# Finds something out about one topic; may raise whatever it likes.
Check = Callable[[threading.Event], Iterable[Finding]]


def examine(
    checks: Sequence[tuple[str, Check]], report: Report, stop: threading.Event
) -> Diagnosis:
    """Do one check after another; none can spoil the others.

    Args:
        checks: Their topics, and what finds out.
        report: Hears which one it is.
        stop: Ends it when set.

    Raises:
        Cancelled: `stop` was set.
    """
    findings: list[Finding] = []
    for index, (topic, check) in enumerate(checks):
        if stop.is_set():
            raise Cancelled
        report(Progress(f"Examining: {topic}", index / len(checks)))
        findings += _examine_one(topic, check, stop)
    return Diagnosis(tuple(findings))


def _examine_one(topic: str, check: Check, stop: threading.Event) -> list[Finding]:
    try:
        return list(check(stop))
    except Cancelled:
        raise
    except VitposeError as error:
        return [Finding(topic, "fail", str(error))]
    except Exception as error:  # The report says it, and goes on.
        log.exception("the check of %s failed", topic)
        return [Finding(topic, "fail", f"the check itself failed: {error!r}")]


def plain(topic: str, text: Any) -> Finding:
    """Return a line that only tells."""
    return Finding(topic, "ok", str(text))
