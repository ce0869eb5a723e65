# SPDX-License-Identifier: GPL-3.0-or-later
"""A model from a hub on this machine, by the real library in a child of its own."""

import hashlib
import sys
import threading

import pytest

from tests.inference.fake_hub import MODEL, fake_hub
from vitpose_blender.core.errors import SetupError, VitposeError
from vitpose_blender.inference.weights import lacking_files
from vitpose_blender.runtime.job import Cancelled
from vitpose_blender.runtime.models import Order, fetch_model
from vitpose_blender.runtime.own_code import OwnPython

pytest.importorskip("huggingface_hub")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with fake_hub() as (hub, address):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.lower(), raising=False)
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        yield hub


@pytest.fixture
def order(tmp_path):
    own = OwnPython(sys.executable)
    return Order(own, MODEL, tmp_path / "models" / "some-vitpose", True)


def fetch(order, report=lambda progress: None, stop=None):
    return fetch_model(order, report, stop or threading.Event())


def test_a_model_arrives_whole_and_is_not_fetched_twice(hub, order):
    said = []
    assert str(order.folder) in fetch(order, said.append)
    assert lacking_files(order.folder) == []
    weights = order.folder / "model.safetensors"
    assert weights.read_bytes() == hub.files["model.safetensors"]
    assert not (order.folder / "README.md").exists()
    assert said[-1].share == 1.0
    assert "1 of 1 MB" in said[-1].text

    hub.fetched.clear()
    fetch(order)
    assert hub.fetched == []


def test_a_file_that_was_altered_is_fetched_again(hub, order):
    fetch(order)
    (order.folder / "config.json").write_bytes(b'{"model_type": "vitposE"}')
    hub.fetched.clear()
    fetch(order)
    assert hub.fetched == ["config.json"]


@pytest.fixture
def part(hub, order):
    """The beginning of the weights' content, as a process that was killed leaves it."""
    order.folder.mkdir(parents=True)
    weights = hub.files["model.safetensors"]
    path = order.folder / f"model.safetensors.{hashlib.sha256(weights).hexdigest()[:8]}"
    path = path.with_name(path.name + ".part")
    path.write_bytes(weights[:1000])
    return path


def test_a_broken_download_goes_on_where_it_was(hub, order, part):
    fetch(order)
    assert hub.ranges == [("model.safetensors", "bytes=1000-")]
    weights = order.folder / "model.safetensors"
    assert weights.read_bytes() == hub.files["model.safetensors"]
    assert not part.exists()


def test_a_part_of_something_else_is_thrown_away(hub, order, part):
    part.write_bytes(b"x" * 1000)
    with pytest.raises(VitposeError, match="arrived damaged"):
        fetch(order)
    assert not part.exists()
    fetch(order)
    assert lacking_files(order.folder) == []


def test_a_connection_that_breaks_is_made_again(hub, order):
    hub.breaks.add("model.safetensors")
    fetch(order)
    assert hub.fetched.count("model.safetensors") == 2
    assert lacking_files(order.folder) == []


def test_a_hub_that_does_not_answer_is_a_sentence(order, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(VitposeError, match="the hub does not answer"):
        fetch(order)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_what_is_not_what_was_sent_is_thrown_away(hub, order, name):
    content = bytearray(hub.files[name])
    content[-3] ^= 1
    hub.sent[name] = bytes(content)
    with pytest.raises(VitposeError, match="arrived damaged"):
        fetch(order)
    assert not (order.folder / name).exists()
    hub.sent.clear()
    fetch(order)
    assert lacking_files(order.folder) == []


def test_a_model_that_the_hub_has_not(hub, order):
    other = Order(order.own, "some-owner/none", order.folder, True)
    with pytest.raises(VitposeError, match=r"cannot be downloaded .*no such model"):
        fetch(other)


def test_it_can_be_cancelled(hub, order):
    stop = threading.Event()
    with pytest.raises(Cancelled):
        fetch(order, lambda progress: stop.set(), stop)


def test_the_network_is_not_used_unasked(hub, order):
    offline = Order(order.own, MODEL, order.folder)
    with pytest.raises(SetupError, match="Allow Online Access"):
        fetch(offline)
    assert hub.fetched == []
    assert not order.folder.exists()


def test_a_folder_that_cannot_be_made(hub, order):
    order.folder.parent.parent.mkdir(exist_ok=True)
    order.folder.parent.write_text("a file")
    with pytest.raises(SetupError, match="choose another models folder"):
        fetch(order)
