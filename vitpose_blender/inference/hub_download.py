# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of the Hugging Face hub into a folder: goes on where it was, and checked.

The hub's own library asks and fetches. Its ready-made download begins a file anew after
each break, and trusts what arrived: both are done here, by a part file that is kept and
by the hashes that the hub tells.
"""

import fnmatch
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import WeightsError
from .weights import hub_errors, hub_reason

_PATTERNS = ("*.json", "*.safetensors")
_OLD_PATTERNS = ("*.json", "*.bin")  # Of models that have no safetensors.
_PART = ".part"
_BLOCK = 1 << 20  # [bytes]


@dataclass(frozen=True)
class HubFile:
    """A file of a model on the hub.

    Attributes:
        name: Its path in the model.
        size: In bytes.
        sha256: Of its content; empty where the hub tells the other one.
        git_sha1: As git names a blob; empty where the hub tells the other one.
    """

    name: str
    size: int
    sha256: str = ""
    git_sha1: str = ""

    def is_at(self, folder: Path) -> bool:
        """Whether a folder holds this file, whole and unaltered."""
        return self.is_like(folder / self.name)

    def is_like(self, path: Path) -> bool:
        """Whether a file has this content."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        if self.sha256:
            return _digest(path, hashlib.sha256()) == self.sha256
        header = f"blob {self.size}\0".encode()
        return not self.git_sha1 or (
            _digest(path, hashlib.sha1(header, usedforsecurity=False)) == self.git_sha1
        )


def _digest(path: Path, digest: Any) -> str:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return str(digest.hexdigest())


def list_files(model: str) -> tuple[str, list[HubFile]]:
    """Return the version of a model on the hub, and the files that running it needs.

    Raises:
        WeightsError: The hub does not answer, or has no such model.
    """
    from huggingface_hub import HfApi

    try:
        info = HfApi().model_info(model, files_metadata=True)
    except hub_errors() as error:
        raise _failed(model, error) from error
    files = [_hub_file(sibling) for sibling in info.siblings or ()]
    wanted = _matching(files, _PATTERNS)
    if not any(file.name.endswith(".safetensors") for file in wanted):
        wanted = _matching(files, _OLD_PATTERNS)
    return info.sha or "main", wanted


def _matching(files: Sequence[HubFile], patterns: Sequence[str]) -> list[HubFile]:
    return [f for f in files if any(fnmatch.fnmatch(f.name, p) for p in patterns)]


def _hub_file(sibling: Any) -> HubFile:
    lfs = sibling.lfs
    sha256 = str(lfs.sha256) if lfs is not None else ""
    git_sha1 = "" if sha256 else str(sibling.blob_id or "")
    return HubFile(sibling.rfilename, int(sibling.size or 0), sha256, git_sha1)


def download(
    model: str, folder: Path, on_total: Callable[[int], None] = lambda size: None
) -> None:
    """Fetch a model into a folder; files that are there and right are kept.

    Args:
        model: Its id on the hub.
        folder: Where to; it is made.
        on_total: Hears the size of all files [bytes].

    Raises:
        WeightsError: The hub does not answer, has no such model, or what arrived is
            not what was sent.
    """
    from huggingface_hub import hf_hub_url

    version, files = list_files(model)
    on_total(sum(file.size for file in files))
    for file in files:
        if file.is_at(folder):
            continue
        try:
            url = hf_hub_url(model, file.name, revision=version)
            part = _fetch(url, file, folder)
        except hub_errors() as error:
            raise _failed(model, error) from error
        if not file.is_like(part):
            part.unlink()
            raise WeightsError(
                f"{file.name} of {model!r} arrived damaged and was thrown away: "
                "download it again"
            )
        part.replace(folder / file.name)


def _fetch(url: str, file: HubFile, folder: Path) -> Path:
    """Fetch what is missing of a file, and return the part file that holds all."""
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    part = folder / f"{file.name}.{(file.sha256 or file.git_sha1)[:8]}{_PART}"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.touch()
    if part.stat().st_size > file.size:
        part.write_bytes(b"")
    with part.open("r+b") as stream:
        done = stream.seek(0, os.SEEK_END)
        if done < file.size:
            http_get(
                url,
                stream,
                resume_size=done,
                headers=build_hf_headers(),
                expected_size=file.size,
            )
    return part


def _failed(model: str, error: Exception) -> WeightsError:
    return WeightsError(
        f"Model {model!r} cannot be downloaded ({hub_reason(error)}): check its name "
        "and the network, then go on; or copy its folder here and name that"
    )
