# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching a model in the background, by the Python that has the hub's library."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import SetupError
from .job import Progress, Report
from .lock import one_at_a_time
from .own_code import OwnPython


@dataclass(frozen=True)
class Order:
    """Which model to fetch, and where to.

    Attributes:
        own: The Python that fetches.
        model: Its id on the hub.
        folder: Where its files go.
        allow_network: Whether the network may be used.
    """

    own: OwnPython
    model: str
    folder: Path
    allow_network: bool = False


def fetch_model(order: Order, report: Report, stop: threading.Event) -> str:
    """Fetch a model, and return a sentence that says where it is.

    Args:
        order: What is wanted.
        report: Hears how far it is.
        stop: Ends it when set.

    Raises:
        SetupError: The network may not be used, or there is no folder for it.
        VitposeError: It cannot be fetched; the sentence says the way out.
        Cancelled: `stop` was set. What came so far is kept.
    """
    if not order.allow_network:
        raise SetupError(
            "Downloading a model needs the network: switch on Allow Online Access in "
            "Preferences, System, Network; or copy the model's folder here"
        )
    try:
        order.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"Cannot make the folder {order.folder} ({error.strerror or error}): "
            "choose another models folder"
        ) from error

    def tell(message: dict[str, Any]) -> None:
        if message.get("total"):
            report(_progress(order.model, message["done"], message["total"]))

    report(Progress(f"Asking for {order.model}"))
    with one_at_a_time(order.folder / ".lock"):
        order.own.run("fetch", [order.model, str(order.folder)], stop, on_message=tell)
    return f"{order.model} is in {order.folder}"


def _progress(model: str, done: int, total: int) -> Progress:
    share = min(done / total, 1.0)
    text = f"{model}, {share * total / 1e6:.0f} of {total / 1e6:.0f} MB"
    return Progress(text, share)
