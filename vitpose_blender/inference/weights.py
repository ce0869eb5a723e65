# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a model's files live, and whether they may be fetched.

The network is used only where the caller allows it; Blender's own online setting
is asked by the caller, not here.
"""

import json
import logging
import sys
from pathlib import Path

from ..core.errors import WeightsError
from ..data_files import data_folder

log = logging.getLogger(__name__)

BEST_MODEL = "usyd-community/vitpose-plus-small"
BUILT_IN_MODEL = "vitpose-nano"  # Comes with the project.

_CONFIG = "config.json"
_WHOLE_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_LFS_POINTER = b"version https://git-lfs"


def default_model(allow_download: bool) -> str:
    """Return the model to use where none is named.

    That is the best one where it is on this machine or may be fetched, else the one
    that comes with the project.
    """
    if allow_download or _is_here(BEST_MODEL) or not has_built_in_model():
        return BEST_MODEL
    return BUILT_IN_MODEL


def has_built_in_model() -> bool:
    """Whether this copy of the project holds its own model."""
    return not lacking_files(_own_models() / BUILT_IN_MODEL)


def resolve_weights(model: str, allow_download: bool) -> Path:
    """Return the folder that holds a model's config and weights.

    Looked for in this order: a folder of that path, `resources/models/<name>`, the
    Hugging Face cache, the Hugging Face hub.

    Args:
        model: A folder, or an id on the hub such as `usyd-community/vitpose-base`.
        allow_download: Whether the hub may be asked.

    Raises:
        WeightsError: The files are missing, incomplete or cannot be fetched.
    """
    folder = Path(model).expanduser()
    if model and folder.is_dir():
        return _complete(folder)
    if _looks_like_path(model):
        raise WeightsError(
            f"The model folder {model!r} does not exist; give a folder that holds "
            f"{_CONFIG} and {_WHOLE_WEIGHTS[0]}, or an id of the Hugging Face hub"
        )
    own = _own_models() / model
    if own.is_dir() and not lacking_files(own):  # Without asking a slow import.
        return own
    folders = _local_folders(model)
    for folder in folders:
        if not lacking_files(folder):
            return folder
    if allow_download:
        return _complete(_download(model))
    if folders:
        return _complete(folders[0])
    raise _missing(model, "is not on this machine and may not be downloaded")


def lacking_files(folder: Path) -> list[str]:
    """Return the names of the files that a model folder lacks; empty if complete."""
    lacking = [] if _has_content(folder / _CONFIG) else [_CONFIG]
    if any(_has_content(folder / name) for name in _WHOLE_WEIGHTS):
        return lacking
    for name in _WHOLE_WEIGHTS:
        index = folder / f"{name}.index.json"
        if index.is_file():
            shards = _shards(index)
            return lacking + [s for s in shards if not _has_content(folder / s)]
    return [*lacking, _WHOLE_WEIGHTS[0]]


def _complete(folder: Path) -> Path:
    lacking = lacking_files(folder)
    if lacking:
        raise WeightsError(
            f"The model folder {folder} lacks {', '.join(lacking)}; copy the whole "
            "model into it again (a Git LFS pointer does not count as the file)"
        )
    return folder


def _has_content(path: Path) -> bool:
    """Whether a file is there, not empty and not a mere Git LFS pointer."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(len(_LFS_POINTER))
    return bool(start) and start != _LFS_POINTER


def _shards(index: Path) -> list[str]:
    try:
        return sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError) as error:
        raise WeightsError(
            f"The list of weight files {index} is damaged; copy the model again"
        ) from error


def _looks_like_path(model: str) -> bool:
    """Whether `model` can only be meant as a path: hub ids are `owner/name`."""
    path = Path(model)
    return (
        not model
        or path.is_absolute()
        or model.startswith((".", "~"))
        or "\\" in model
        or len(path.parts) > 2
    )


def _local_folders(model: str) -> list[Path]:
    """Return folders of this machine that hold `model`, the first choice first."""
    names = (model, model.rsplit("/", 1)[-1])
    folders = [_own_models() / name for name in names]
    cached = _cached_file(model, _CONFIG)
    if cached:
        folders.append(cached.parent)
    return [folder for folder in folders if folder.is_dir()]


def _is_here(model: str) -> bool:
    return any(not lacking_files(folder) for folder in _local_folders(model))


def _own_models() -> Path:
    """Return the folder of the models that come with this project."""
    return data_folder("resources") / "models"


def _cached_file(model: str, name: str) -> Path | None:
    try:
        from huggingface_hub import try_to_load_from_cache
        from huggingface_hub.errors import HFValidationError
    except ModuleNotFoundError:  # Who has not its package has not its cache.
        return None
    try:
        cached = try_to_load_from_cache(model, name)
    except HFValidationError as error:
        raise WeightsError(
            f"{model!r} is neither a folder nor an id of the Hugging Face hub; give "
            "a folder, or an id such as usyd-community/vitpose-base-simple"
        ) from error
    return Path(cached) if isinstance(cached, str) else None


def _download(model: str) -> Path:
    """Fetch a model into the Hugging Face cache; a terminal sees the progress."""
    from huggingface_hub import snapshot_download

    log.info("downloading %s", model)
    try:
        folder = Path(
            snapshot_download(model, allow_patterns=["*.json", "*.safetensors"])
        )
        if lacking_files(folder) == [_WHOLE_WEIGHTS[0]]:
            snapshot_download(model, allow_patterns=["*.json", "*.bin", "*.bin.*"])
    except hub_errors() as error:
        raise _missing(model, f"cannot be downloaded ({hub_reason(error)})") from error
    return folder


def hub_errors() -> tuple[type[Exception], ...]:
    """Return what a failing download raises; the HTTP library differs by version."""
    from huggingface_hub import errors

    names = ("HTTPError", "HfHubHTTPError", "XetDownloadError", "EntryNotFoundError")
    own = tuple(getattr(errors, name) for name in names if hasattr(errors, name))
    return (*own, *_http_errors(), OSError, ValueError)


def _http_errors() -> tuple[type[Exception], ...]:
    """Return what the hub's HTTP library raises; which one that is differs."""
    libraries = (sys.modules.get(name) for name in ("httpx", "httpx2"))
    return tuple(library.HTTPError for library in libraries if library is not None)


def hub_reason(error: Exception) -> str:
    """Return in a few words why the hub's library failed."""
    from huggingface_hub import errors

    reasons = (
        (errors.GatedRepoError, "the hub wants a login for it"),
        (errors.RepositoryNotFoundError, "the hub knows no such model"),
        (errors.LocalEntryNotFoundError, "the hub does not answer"),
        (ConnectionError, "the hub does not answer"),
        *((kind, "the hub does not answer") for kind in _http_errors()),
    )
    for kind, reason in reasons:
        if isinstance(error, kind):
            return reason
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _missing(model: str, what: str) -> WeightsError:
    try:
        from huggingface_hub.constants import HF_HUB_CACHE
    except ModuleNotFoundError:
        HF_HUB_CACHE = "the Hugging Face cache"  # noqa: N806
    name = model.rsplit("/", 1)[-1]
    return WeightsError(
        f"Model {model!r} {what}; allow downloads (scripts: --allow-download, Blender: "
        f"Allow Online Access in the preferences) to have it put into {HF_HUB_CACHE}, "
        f"or run `hf download {model} --local-dir {_own_models() / name}`, or copy "
        "its folder there by hand"
    )
