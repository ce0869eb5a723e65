# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine runs a capture."""

from .config import CaptureConfig
from .feed import OpenFeed, open_feed
from .process_feed import open_in_process


def opener(config: CaptureConfig) -> OpenFeed:
    """Return what opens the source of a capture."""
    return open_in_process if config.engine == "process" else open_feed
