# SPDX-License-Identifier: GPL-3.0-or-later
"""The report: nothing spoils it, it names nobody, and every bad line has a way out."""

import json
import os
import sys
import threading
from pathlib import Path

import pytest

from vitpose_blender.core.errors import SetupError, VitposeError
from vitpose_blender.runtime import doctor_checks, packages
from vitpose_blender.runtime.doctor import Diagnosis, Finding, examine, plain
from vitpose_blender.runtime.doctor_checks import Patient, checks
from vitpose_blender.runtime.job import Cancelled, Progress
from vitpose_blender.runtime.masking import mask_home
from vitpose_blender.runtime.own_code import OwnPython
from vitpose_blender.runtime.packages import NEEDS, Found

GOOD = {need.module: Found("999.0") for need in NEEDS}
TRIAL = {
    "model": "vitpose-nano",
    "device": "cpu (float32)",
    "card": "",
    "load": 1.0,
    "first": 0.05,
    "median": 0.03,
    "score": 0.9,
}
CAMERA = {"image_wh": [640, 480], "seconds": 0.5, "brightness": 90.0, "fps": 30.0}


class FakePython:
    """Answers as a child would, or fails as it would."""

    python, paths = "python", ()

    def __init__(self, **answers):
        self.answers = {"trial": TRIAL, "camera_trial": CAMERA, **answers}

    def run(self, module, arguments, stop, **_):
        answer = self.answers[module]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def good_machine(monkeypatch):
    monkeypatch.setattr(doctor_checks, "probe", lambda *_: GOOD)
    monkeypatch.setattr(doctor_checks, "_camera_indices", lambda: ([0], []))


def diagnose(own=None, **changes) -> Diagnosis:
    patient = Patient(own or FakePython(), "a test", "vitpose-nano", **changes)
    return examine(checks(patient), lambda progress: None, threading.Event())


def finding(diagnosis: Diagnosis, topic: str) -> Finding:
    return next(f for f in diagnosis.findings if f.topic == topic)


def test_a_good_machine_is_told_to_be_one(tmp_path):
    diagnosis = diagnose(
        facts={"blender": "5.2.2"}, folders={"takes": tmp_path}, online=False
    )
    assert diagnosis.worst == "ok"
    text = diagnosis.text()
    for told in ("5.2.2", "999.0", "vitpose-nano on cpu", "30 ms", "640 x 480"):
        assert told in text
    assert "not allowed: nothing is downloaded" in text
    assert json.loads(diagnosis.to_json())["worst"] == "ok"


@pytest.mark.parametrize(
    ("own", "topic", "status"),
    [
        (FakePython(trial=SetupError("code -11")), "model", "fail"),
        (FakePython(trial=VitposeError("no such device")), "model", "fail"),
        (FakePython(trial={**TRIAL, "median": 1.0}), "speed", "warn"),
        (FakePython(trial={}), "model", "fail"),  # A bug of ours.
        (FakePython(camera_trial=VitposeError("busy")), "cameras", "warn"),
        (FakePython(camera_trial={**CAMERA, "brightness": 0.1}), "camera 0", "warn"),
        (FakePython(camera_trial=RuntimeError("driver")), "cameras", "fail"),
    ],
    ids=["crash", "refusal", "slow", "bug", "busy", "dark", "driver"],
)
def test_one_trouble_is_one_line_and_the_rest_is_told(own, topic, status):
    diagnosis = diagnose(own)
    assert finding(diagnosis, topic).status == status
    assert finding(diagnosis, "permissions").status == "ok"


def test_no_camera_is_no_failure(monkeypatch):
    monkeypatch.setattr(doctor_checks, "_camera_indices", lambda: ([], []))
    found = finding(diagnose(), "cameras")
    assert (found.status, found.text) == ("warn", "none was found")
    assert "plug one in" in found.way_out


def test_a_camera_of_others_says_the_way_out(monkeypatch):
    forbidden = [Path("/dev/video0")]
    monkeypatch.setattr(doctor_checks, "_camera_indices", lambda: ([], forbidden))
    assert "group video" in finding(diagnose(), "camera").way_out


def test_packages_that_lack_or_are_old_say_the_way_out(monkeypatch):
    bad = {"torch": Found("1.0"), "cv2": Found(error="ImportError: libGL.so.1")}
    monkeypatch.setattr(doctor_checks, "probe", lambda *_: GOOD | bad)
    diagnosis = diagnose()
    assert finding(diagnosis, "torch").text == "1.0 is older than 2.2"
    assert "libGL" in finding(diagnosis, "cv2").text
    assert "install the runtime" in finding(diagnosis, "cv2").way_out
    assert diagnosis.worst == "fail"


def test_a_folder_that_is_not_there_yet_is_judged_by_its_parent(tmp_path):
    diagnosis = diagnose(folders={"takes": tmp_path / "a" / "b"})
    assert finding(diagnosis, "takes").status == "ok"
    assert not (tmp_path / "a").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Unix has such permissions")
def test_a_folder_that_is_not_writable_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_checks.os, "access", lambda *_: False)
    diagnosis = diagnose(folders={"takes": tmp_path})
    assert finding(diagnosis, "takes").status == "fail"


def test_it_can_be_cancelled():
    stop = threading.Event()
    with pytest.raises(Cancelled):
        examine(
            [("one", lambda stop: [plain("one", 1)]), ("two", lambda stop: [])],
            lambda progress: stop.set(),
            stop,
        )


def test_it_says_what_it_examines():
    said: list[Progress] = []
    topics = [("one", lambda stop: []), ("two", lambda stop: [])]
    examine(topics, said.append, threading.Event())
    assert [(p.text, p.share) for p in said] == [
        ("Examining: one", 0.0),
        ("Examining: two", 0.5),
    ]


HOME = f"{os.sep}home{os.sep}anna"


class TestMasking:
    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            (f"{HOME}/takes/x", "~/takes/x"),
            (f"see {HOME}", "see ~"),
            (f"{HOME}bel/x", f"{HOME}bel/x"),
            ("/media/anna/disk", "/media/USER/disk"),
            ("C:\\Users\\anna\\x", "C:\\Users\\USER\\x"),
            ("anna is a word", "anna is a word"),
        ],
    )
    def test_home_and_name_are_gone(self, text, masked):
        assert mask_home(text, Path(HOME), "anna") == masked

    def test_a_root_as_home_masks_nothing(self):
        assert mask_home("/usr/bin", Path("/"), "x") == "/usr/bin"

    def test_the_report_names_nobody(self, monkeypatch):
        monkeypatch.setenv("HOME", HOME)
        monkeypatch.setenv("USERPROFILE", HOME)
        report = Diagnosis((Finding("a", "fail", f"{HOME}/b", f"see {HOME}/c"),))
        assert "anna" not in report.text() + report.to_json()


class TestOwnPython:
    """The real thing, with a module that needs nothing."""

    def run(self, monkeypatch, tmp_path, body, **options):
        # A package of the same name as ours, found first.
        room = tmp_path / "vitpose_blender" / "runtime"
        room.mkdir(parents=True)
        for folder in (room, room.parent):
            (folder / "__init__.py").touch()
        (room / "tried.py").write_text(f"import sys\ndef main():\n    {body}\n")
        own = OwnPython(sys.executable, (str(tmp_path),))
        return own.run("tried", ["a"], threading.Event(), **options)

    def test_the_last_message_comes_back(self, monkeypatch, tmp_path):
        body = "print('noise'); print('@vitpose {\"x\": 1}')"
        assert self.run(monkeypatch, tmp_path, body) == {"x": 1}

    def test_a_refusal_is_a_sentence(self, monkeypatch, tmp_path):
        body = 'print(\'@vitpose {"error": "No model"}\')'
        with pytest.raises(VitposeError, match="No model"):
            self.run(monkeypatch, tmp_path, body)

    def test_a_crash_is_told_with_its_last_words(self, monkeypatch, tmp_path):
        body = "print('goodbye', flush=True); import os; os.abort()"
        with pytest.raises(SetupError, match="goodbye"):
            self.run(monkeypatch, tmp_path, body)

    def test_what_hangs_is_ended(self, monkeypatch, tmp_path):
        with pytest.raises(SetupError, match="did not end"):
            self.run(monkeypatch, tmp_path, "import time; time.sleep(99)", timeout=0.5)


@pytest.mark.slow
def test_this_machine_can_be_examined(run_script):
    done = run_script("doctor", "--json", "--device", "cpu")
    report = json.loads(done.out)
    found = {line["topic"]: line for line in report["findings"]}
    assert found["torch"]["status"] == "ok"
    assert found["model"]["text"].startswith("vitpose"), found["model"]
    assert str(Path.home()) + os.sep not in done.out


def test_the_probe_of_the_doctor_is_that_of_the_installer():
    assert packages.probe.__module__ == packages.__name__
