# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that need torch and transformers; both are imported only when used."""

import socket
from pathlib import Path

import pytest

from tests.inference.random_vitpose import random_vitpose, save_vitpose


@pytest.fixture(scope="session")
def vitpose_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny ViTPose of random weights, saved the way the hub's are."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    return save_vitpose(random_vitpose(), tmp_path_factory.mktemp("vitpose-tiny"))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Refuse every connection; the list tells what was tried."""
    tried: list[str] = []

    def refuse(host, *_, **__):
        tried.append(str(host))
        raise ConnectionRefusedError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", lambda _, *rest: refuse(*rest))
    return tried


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache in place of the user's."""
    constants = pytest.importorskip("huggingface_hub.constants")
    cache = tmp_path / "hf-cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    return cache
