# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine runs a capture."""

from .config import CaptureConfig, Engine
from .feed import OpenFeed, open_feed
from .process_feed import open_in_process
from .udp_feed import is_udp


def engine_of(config: CaptureConfig) -> Engine:
    """Return where a capture really runs: packets are received in Blender."""
    return "thread" if is_udp(config.source) else config.engine


def opener(config: CaptureConfig) -> OpenFeed:
    """Return what opens the source of a capture."""
    return open_in_process if engine_of(config) == "process" else open_feed
