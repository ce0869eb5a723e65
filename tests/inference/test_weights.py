# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests for weights.py: found here, fetched only when allowed, clear when neither."""

import fnmatch
import json
import shutil
from pathlib import Path

import pytest

from vitpose_blender.core.errors import WeightsError
from vitpose_blender.inference import weights
from vitpose_blender.inference.weights import (
    BEST_MODEL,
    BUILT_IN_MODEL,
    default_model,
    has_built_in_model,
    lacking_files,
    resolve_weights,
)

pytest.importorskip("huggingface_hub")

MODEL = "some-owner/vitpose-made-up"


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or ("config.json", "model.safetensors"):
        (folder / name).write_text("{}", encoding="utf-8")
    return folder


def fill_cache(cache: Path, *names: str) -> Path:
    """Lay files out as the hub's cache does."""
    repo = cache / ("models--" + MODEL.replace("/", "--"))
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text("0" * 40, encoding="utf-8")
    return fill(repo / "snapshots" / ("0" * 40), *names)


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    """An empty folder in place of the project's own models."""
    folder = tmp_path / "resources" / "models"
    monkeypatch.setattr(weights, "_own_models", lambda: folder)
    return folder


@pytest.fixture
def hub(tmp_path, empty_cache, monkeypatch):
    """A hub in a folder: put files into it, and `snapshot_download` finds them."""
    import huggingface_hub

    online = tmp_path / "hub"

    def snapshot_download(repo_id, allow_patterns, **_):
        assert repo_id == MODEL
        folder = empty_cache / "snapshot"
        folder.mkdir(parents=True, exist_ok=True)
        for path in online.iterdir():
            if any(fnmatch.fnmatch(path.name, p) for p in allow_patterns):
                shutil.copy(path, folder)
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return online


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_whole_folder_is_used_as_it_is(tmp_path, name, no_network):
    folder = fill(tmp_path / "mine", "config.json", name)
    assert resolve_weights(str(folder), allow_download=True) == folder
    assert not no_network


def test_a_folder_of_the_project_wins_over_the_cache(own_models, empty_cache):
    cached = fill_cache(empty_cache)
    assert resolve_weights(MODEL, allow_download=False) == cached
    own = fill(own_models / "vitpose-made-up")
    assert resolve_weights(MODEL, allow_download=False) == own
    assert resolve_weights("vitpose-made-up", allow_download=False) == own


def test_a_broken_copy_does_not_hide_a_whole_one(own_models, empty_cache):
    fill(own_models / "vitpose-made-up", "config.json")
    cached = fill_cache(empty_cache)
    assert resolve_weights(MODEL, allow_download=False) == cached


@pytest.mark.parametrize(
    ("names", "lacking"),
    [
        ((), ["config.json", "model.safetensors"]),
        (("config.json",), ["model.safetensors"]),
        (("model.safetensors",), ["config.json"]),
    ],
    ids=["empty", "no-weights", "no-config"],
)
def test_a_folder_names_the_files_it_lacks(tmp_path, names, lacking):
    folder = tmp_path / "mine"
    folder.mkdir()
    if names:
        fill(folder, *names)

    assert lacking_files(folder) == lacking
    with pytest.raises(WeightsError, match=f"lacks {', '.join(lacking)};"):
        resolve_weights(str(folder), allow_download=False)


@pytest.mark.parametrize(
    "content",
    [b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"],
    ids=["zero-byte", "lfs-pointer"],
)
def test_a_stand_in_for_a_file_is_not_the_file(tmp_path, content):
    folder = fill(tmp_path / "mine")
    (folder / "model.safetensors").write_bytes(content)
    assert lacking_files(folder) == ["model.safetensors"]


def test_weights_in_shards_need_every_shard(tmp_path):
    shards = {"a": "model-00001-of-00002.safetensors"}
    shards["b"] = "model-00002-of-00002.safetensors"
    folder = fill(tmp_path / "mine", "config.json", shards["a"])
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}), encoding="utf-8")

    assert lacking_files(folder) == [shards["b"]]
    fill(folder, shards["b"])
    assert resolve_weights(str(folder), allow_download=False) == folder

    index.write_text("{", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"index\.json is damaged"):
        resolve_weights(str(folder), allow_download=False)


def test_a_missing_model_is_one_sentence_and_no_connection(empty_cache, no_network):
    with pytest.raises(WeightsError) as caught:
        resolve_weights(MODEL, allow_download=False)

    message = str(caught.value)
    assert message.startswith(f"Model {MODEL!r} is not on this machine and may not be")
    for way_out in ("allow downloads", str(empty_cache), f"hf download {MODEL}"):
        assert way_out in message
    assert "\n" not in message
    assert not no_network


@pytest.mark.parametrize(
    "model", ["", "/no/such/folder", "./model", "a/b/c", "C:\\models\\vitpose", "~/x"]
)
def test_a_missing_folder_is_not_taken_for_a_hub_id(model, no_network):
    with pytest.raises(WeightsError, match="does not exist"):
        resolve_weights(model, allow_download=True)
    assert not no_network


def test_an_impossible_id_is_refused(empty_cache, no_network):
    with pytest.raises(WeightsError, match="neither a folder nor an id"):
        resolve_weights("two words/ and more", allow_download=True)
    assert not no_network


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_an_allowed_download_brings_the_model(hub, name):
    fill(hub, "config.json", name, "preprocessor_config.json")
    folder = resolve_weights(MODEL, allow_download=True)
    assert lacking_files(folder) == []
    assert (folder / "preprocessor_config.json").is_file()


def test_old_weights_are_left_where_new_ones_exist(hub):
    fill(hub, "config.json", "model.safetensors", "pytorch_model.bin")
    folder = resolve_weights(MODEL, allow_download=True)
    assert not (folder / "pytorch_model.bin").exists()


def test_a_hub_model_without_weights_says_what_it_lacks(hub):
    fill(hub, "config.json")
    with pytest.raises(WeightsError, match=r"lacks model\.safetensors"):
        resolve_weights(MODEL, allow_download=True)


def test_an_unreachable_hub_is_one_sentence(empty_cache, no_network):
    with pytest.raises(WeightsError) as caught:
        resolve_weights(MODEL, allow_download=True)

    assert "cannot be downloaded (the hub does not answer)" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert no_network


def test_offline_mode_is_obeyed(empty_cache, no_network, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError, match="cannot be downloaded"):
        resolve_weights(MODEL, allow_download=True)
    assert not no_network


def test_the_built_in_model_stands_in_for_the_best(own_models, empty_cache):
    assert not has_built_in_model()
    assert default_model(allow_download=False) == BEST_MODEL  # It says what to do.

    fill(own_models / BUILT_IN_MODEL)
    assert has_built_in_model()
    assert default_model(allow_download=False) == BUILT_IN_MODEL
    assert default_model(allow_download=True) == BEST_MODEL

    fill(own_models / BEST_MODEL)
    assert default_model(allow_download=False) == BEST_MODEL
