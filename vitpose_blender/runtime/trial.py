# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that looks at a picture with a pose model, and says how long it took."""

import statistics
import sys
import time
from itertools import islice
from typing import Any

from ..core.errors import VitposeError
from .own_code import say, say_errors

_RUNS = 10
_ENOUGH = 5.0  # Time after which fewer runs will do [s].
_STEP = 15  # Frames of the clip from one look to the next.


def main() -> None:
    say_errors(lambda: _try(model=sys.argv[1], device_name=sys.argv[2]))


def _try(model: str, device_name: str) -> None:
    from ..inference.detector import make_detector
    from ..inference.device import choose_device, limit_threads
    from ..inference.vitpose import ViTPose

    start = time.perf_counter()
    limit_threads()
    device = choose_device(device_name)
    network = ViTPose.load(model, device, allow_download=False)
    loaded = time.perf_counter()
    frame, box = _person(make_detector("built-in", device))
    times: list[float] = []
    score = 0.0
    while len(times) < 2 or (len(times) < _RUNS and sum(times) < _ENOUGH):
        begin = time.perf_counter()
        score = float(network.estimate(frame, box)[0].score.mean())
        times.append(time.perf_counter() - begin)
    say(
        model=network.name,
        device=device.describe(),
        card=_card(device.torch_device),
        load=loaded - start,
        first=times[0],
        median=statistics.median(times[1:]),
        score=score,
    )


def _person(finder: Any) -> tuple[Any, Any]:
    """Return a frame of the sample clip, and the box of the person in it."""
    from ..data_files import data_folder
    from ..inference.camera import open_source

    clip = data_folder("resources") / "videos" / "sample.mp4"
    with open_source(clip) as video:
        for frame in islice(video, 0, None, _STEP):
            found = finder.detect(frame.image)
            if len(found):
                return frame, found.xyxy[:1]
    raise VitposeError("Nobody was found in the sample clip: the device computes wrong")


def _card(name: str) -> str:
    """Return what the graphics card is called; empty for others."""
    import torch

    return torch.cuda.get_device_name(name) if name.startswith("cuda") else ""
