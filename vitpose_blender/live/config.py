# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capture is started with: plain values, copied out of the settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core.camera_model import DEFAULT_FOV
from ..core.live_drive import Body, Manner
from .calibrating import IDLE, CalibrationStatus

# Where the capture runs: in a process of its own, or in a thread of Blender's.
Engine = Literal["process", "thread"]
# The learned one is truer. In Blender numpy has threads, which get in the way of
# torch's; the process tells it to have none.
_LIFTERS: dict[Engine, str] = {"process": "learned", "thread": "geometric"}


@dataclass(frozen=True)
class CaptureConfig:
    """Settings of one capture; the thread sees nothing else.

    Attributes:
        source: A video, a folder of pictures, the index of a camera, the address of a
            stream, keypoints that others detected, or `udp://HOST:PORT` for packets
            that another machine sends.
        journal: Folder of the journal.
        cameras: Folder of the cameras' calibrations; empty keeps and recalls none.
        camera: Name that a calibration is kept by; empty is the source's own.
        model: ViTPose: a folder or an id on the hub; empty is the one that comes with
            the extension. Keypoints of others need none.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
        detector: Who finds people; see `inference.detector.make_detector`.
        allow_download: Whether weights may be fetched.
        lifter: What makes keypoints 3D, live; empty is the engine's own.
        preset: How calm; one of `core.filters.PRESETS`.
        fov: Field of view across the longer side of the picture [deg].
        tilt: How far the camera looks down from the horizon [deg].
        mirror: Whether characters move like a mirror image.
        body: Which part of the body is followed.
        hands_meet: Whether hands touch where the person's do; see `core.retarget`.
        footage: The video that recorded keypoints belong to, for the preview.
        fps: Rate of recorded keypoints and picture folders, which may not say it [Hz].
        start: Of a video: what is before it is not looked at [s].
        paced: Whether pictures of a file come no faster than they were taken.
        timeout: How long a camera or stream may deliver nothing [s].
        keeps_binding: Whether characters stay bound, in their last pose, at the end.
        engine: Where it runs.
        python: The interpreter of the process of its own; empty is Blender's.
        python_paths: Folders of packages that this interpreter looks at first.
    """

    source: str
    journal: Path
    cameras: str = ""
    camera: str = ""
    model: str = ""
    device: str = "auto"
    detector: str = "auto"
    allow_download: bool = False
    lifter: str = ""
    preset: str = "balanced"
    fov: float = DEFAULT_FOV
    tilt: float = 0.0
    mirror: bool = False
    body: Body = "full"
    hands_meet: bool = False
    footage: str = ""
    fps: float | None = None
    start: float = 0.0
    paced: bool = True
    timeout: float = 5.0
    keeps_binding: bool = False
    engine: Engine = "process"
    python: str = ""
    python_paths: tuple[str, ...] = ()

    @property
    def live_lifter(self) -> str:
        """The name of what makes keypoints 3D, live."""
        return self.lifter or _LIFTERS[self.engine]


@dataclass(frozen=True)
class Driven:
    """One character and whom it follows.

    Attributes:
        armature: Name of the armature object.
        person: Number of the person; 0 is the largest in the picture.
        rig: Rig map by name or path; empty chooses the one that fits.
    """

    armature: str
    person: int = 0
    rig: str = ""

    def manner(self, config: CaptureConfig) -> Manner:
        """Return how this character follows its person."""
        return Manner(self.person, config.mirror, config.body, config.hands_meet)


@dataclass(frozen=True)
class Status:
    """What a panel shows of a capture.

    Attributes:
        state: `idle`, `starting` until the first picture, then `running`.
        message: Why the last capture ended before its time, or what went wrong
            while it goes on; empty while all is well.
        t: When the newest picture was taken, on the source's clock [s]; NaN before.
        fps: Pictures a second that became poses [Hz].
        latency: From a picture's grab to the bones' targets in their place [s]; NaN
            before the first.
        confidence: Mean score of the newest keypoints, in [0, 1].
        people: Numbers of the people in the newest picture.
        num_frames: Pictures so far.
        num_dropped: Pictures that came too fast to be looked at, or datagrams that
            were of no use.
        dropped: Why these were dropped, in words; empty where it is always the same.
        num_journalled: Packets in the journal so far.
        device: What the model runs on, really.
        engine: Where the capture runs; empty before the first.
        stage: What is being waited for while starting, in words, such as `loading the
            model`; what is wrong with the process while running, usually nothing.
        is_recording: Whether a take is being recorded.
        calibration: How far a calibration is.
    """

    state: str = "idle"
    message: str = ""
    t: float = float("nan")
    fps: float = 0.0
    latency: float = float("nan")
    confidence: float = 0.0
    people: tuple[int, ...] = ()
    num_frames: int = 0
    num_dropped: int = 0
    dropped: str = ""
    num_journalled: int = 0
    device: str = ""
    engine: Engine | Literal[""] = ""
    stage: str = ""
    is_recording: bool = False
    calibration: CalibrationStatus = IDLE
