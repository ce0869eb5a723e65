# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing, downloading and examining from Blender: one job at a time."""

import threading

import bpy
import pytest

from tests.runtime.wheels import make_wheels
from vitpose_blender.blender import background as beside
from vitpose_blender.blender import doctor, models, preferences_page, runtime
from vitpose_blender.blender.background import background
from vitpose_blender.blender.operators import runtime as operators
from vitpose_blender.blender.preferences import VitposePreferences, prefs
from vitpose_blender.runtime.doctor import Diagnosis, Finding
from vitpose_blender.runtime.environment import Environment, python_version
from vitpose_blender.runtime.job import Cancelled, Job, Progress


@pytest.fixture
def page():
    """The page of the add-on as an enabled one."""
    addons = bpy.context.preferences.addons
    addon = addons.new()
    addon.module = VitposePreferences.bl_idname
    yield addon.preferences
    addons.remove(addon)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A place for the extension's environment."""
    environment = Environment(tmp_path / "runtime")
    monkeypatch.setattr(runtime, "environment", lambda: environment)
    return environment


@pytest.fixture
def waiting():
    """A job that waits to be cancelled, or to be let on."""
    go_on = threading.Event()

    def work(report, stop):
        report(Progress("Waiting", 0.5))
        while not go_on.wait(0.01):
            if stop.is_set():
                raise Cancelled
        return "It is done"

    job = Job("Waiting", work)
    job.go_on = go_on.set
    return job


def finish() -> str:
    """Wait for the job, let the timer see its end, and return what is told."""
    background.job.wait(60)
    assert not background.job.is_running
    assert background.tick() is None
    return background.message


class TestBackground:
    def test_one_job_at_a_time(self, waiting):
        background.start(waiting, str)
        assert background.tick() == beside.PERIOD
        assert bpy.ops.vitpose.cancel_job.poll()
        assert not bpy.ops.vitpose.doctor.poll()
        with pytest.raises(Exception, match="Waiting is running"):
            background.start(waiting, str)
        waiting.go_on()
        assert finish() == "It is done"
        assert not bpy.ops.vitpose.cancel_job.poll()

    def test_cancelling_is_told(self, waiting):
        background.start(waiting, str)
        bpy.ops.vitpose.cancel_job()
        assert finish() == "Waiting was cancelled"

    def test_the_end_of_the_extension_ends_it(self, waiting):
        background.start(waiting, str)
        background.let_go()
        assert not waiting.is_running
        assert not background.is_running
        assert not bpy.app.timers.is_registered(background._tick)

    def test_a_bug_in_the_end_is_told(self, waiting, caplog):
        background.start(waiting, lambda result: 1 / 0)
        waiting.go_on()
        assert "ZeroDivisionError" in finish()


class TestInstall:
    def test_it_belongs_to_the_installed_extension(self):
        assert "install its zip" in operators.install_refusal()
        with pytest.raises(RuntimeError, match="install its zip first"):
            bpy.ops.vitpose.install_runtime()

    def test_it_asks_for_the_network_or_wheels(self, own, page, tmp_path):
        assert not bpy.app.online_access
        assert "Allow Online Access" in operators.install_refusal()
        page.wheels_folder = str(tmp_path)
        assert operators.install_refusal() == ""

    def test_an_empty_wheels_folder_is_told(self, own, page, tmp_path):
        page.wheels_folder = str(tmp_path)
        bpy.ops.vitpose.install_runtime()
        assert "has no wheels" in finish()

    def test_what_is_here_already_serves(self, own, page, tmp_path):
        pytest.importorskip("torch")
        page.wheels_folder = str(make_wheels(tmp_path / "wheels"))
        bpy.ops.vitpose.install_runtime()
        assert finish().startswith("Nothing to install")
        assert not own.folder.exists()

    def test_the_plan_is_for_blenders_own_numpy(self, own):
        import numpy as np

        request = runtime.install_request()
        assert request.host.numpy == np.__version__
        assert request.host.version == python_version()
        assert request.allow_network is bpy.app.online_access
        assert any("GB" in line for line in operators.cost(request))

    def test_removing_leaves_nothing_to_run(self, own):
        assert not bpy.ops.vitpose.remove_runtime.poll()
        own.python.parent.mkdir(parents=True)
        own.python.touch()
        own.stamp.write_text(
            f'{{"python": "{python_version()}", "base": "{own.folder.as_posix()}"}}'
        )
        assert runtime.is_ready()
        bpy.ops.vitpose.remove_runtime()
        assert not own.venv.exists()
        assert runtime.interpreter()[0] != str(own.python)


class TestModels:
    def test_the_hub_is_not_asked_unasked(self, page):
        page.model = "some-owner/some-vitpose"
        assert not bpy.ops.vitpose.download_model.poll()
        job = models.download_job(page.model)
        background.start(job, str)
        assert "Allow Online Access" in finish()

    @pytest.mark.parametrize("name", ["", "vitpose-nano", "/a/b", "a/b/c"])
    def test_only_an_id_is_downloaded(self, name):
        assert not models.is_on_the_hub(name)

    def test_a_downloaded_model_is_taken(self, page, tmp_path):
        page.models_folder = str(tmp_path)
        page.model = "some-owner/some-vitpose"
        assert models.chosen_model() == page.model
        folder = tmp_path / "some-vitpose"
        folder.mkdir()
        for name in ("config.json", "model.safetensors"):
            (folder / name).write_text("{}")
        assert models.chosen_model() == str(folder)


class TestDoctor:
    def test_the_report_is_a_text_to_copy(self, monkeypatch):
        diagnosis = Diagnosis((Finding("torch", "fail", "is absent", "install it"),))
        monkeypatch.setattr(doctor, "examine", lambda *_: diagnosis)
        for _ in range(2):  # Again is no second text.
            bpy.ops.vitpose.doctor()
            assert doctor.TEXT in finish()
        assert bpy.data.texts[doctor.TEXT].as_string() == diagnosis.text()
        assert [text.name for text in bpy.data.texts] == [doctor.TEXT]

    def test_it_knows_this_blender(self):
        patient = doctor.patient()
        assert bpy.app.version_string in patient.facts["blender"]
        assert patient.model == "vitpose-nano"
        assert set(patient.folders) == {"journal", "takes", "models"}
        assert prefs().device == patient.device


class FakeLayout:
    """Notes what is drawn."""

    def __init__(self):
        self.texts = []

    def __getattr__(self, name):
        def draw(*arguments, text="", **_):
            self.texts.append(text or " ".join(map(str, arguments[-1:])))
            return self

        return draw


@pytest.mark.parametrize("model", ["", "owner/some-vitpose"])
def test_the_page_says_how_things_are(page, own, model, waiting):
    page.model = model
    background.start(waiting, str)
    layout = FakeLayout()
    preferences_page.draw_page(layout, page)
    assert "Waiting: Waiting" in layout.texts or "Waiting: " in layout.texts
    assert ("vitpose.download_model" in layout.texts) is bool(model)
    waiting.go_on()
    finish()
    background.job.result = Diagnosis((Finding("torch", "fail", "absent", "get it"),))
    layout = FakeLayout()
    preferences_page.draw_page(layout, page)
    assert "torch: absent" in layout.texts
    assert "get it" in layout.texts
