# SPDX-License-Identifier: GPL-3.0-or-later
"""From a scene's settings to the plain values that a capture is started with."""

from collections.abc import Callable, Mapping
from pathlib import Path

import bpy
from bpy.types import Context, Scene

from ..core.errors import CharacterError, SourceError
from ..core.live_drive import Body
from ..data_files import data_folder
from ..live.config import CaptureConfig, Driven
from . import props
from .calibration_settings import camera_name
from .capture_settings import VitposeCapture, listed_actors, settings
from .models import chosen_model
from .preferences import prefs
from .runtime import interpreter, share_with_blender
from .session import live
from .user_files import user_folder

_BODIES: Mapping[str, Body] = {"FULL": "full", "UPPER": "upper", "SEATED": "seated"}


def capture_config(context: Context, source: str = "") -> CaptureConfig:
    """Return what a capture is started with, from the scene and the preferences.

    Args:
        context: Of the scene.
        source: Another source than the one that is chosen.

    Raises:
        SourceError: The source is not chosen, or its file is not there.
        OutputError: There is no room for the journal.
    """
    capture = settings(_scene(context))
    is_recorded = capture.source == "RECORDED"
    chosen, (python, python_paths) = prefs(), interpreter()
    if chosen.engine == "thread":
        share_with_blender()
    return CaptureConfig(
        source=source or source_of(capture),
        journal=user_folder("journal"),
        cameras=str(user_folder("cameras")),
        camera=camera_name(capture),
        model=chosen_model(),
        device=chosen.device,
        detector=chosen.detector.strip() or "auto",
        allow_download=bpy.app.online_access,
        preset=capture.preset.lower(),
        fov=capture.fov,
        tilt=capture.tilt,
        mirror=capture.mirror,
        body=_BODIES[capture.body],
        hands_meet=capture.hands_meet,
        footage=_absolute(capture.footage) if is_recorded else "",
        fps=capture.fps or None,
        keeps_binding=capture.keeps_binding,
        engine=chosen.engine,
        python=python,
        python_paths=python_paths,
    )


def driven(context: Context) -> list[Driven]:
    """Return whom a capture drives: the listed characters, else the panel's one.

    Raises:
        CharacterError: There is none.
    """
    listed = [
        Driven(actor.armature.name, actor.person)
        for actor in listed_actors(_scene(context))
        if actor.armature is not None
    ]
    if listed:
        return listed
    capture = settings(_scene(context))
    armature = props.chosen_armature(context)
    if armature is None:
        raise CharacterError("There is no character: load one, or the mannequin")
    return [Driven(armature.name, capture.person)]


def source_of(capture: VitposeCapture) -> str:
    """Return what a capture's config calls the source.

    Raises:
        SourceError: It is not chosen, or its file is not there.
    """
    if reason := source_refusal(capture):
        raise SourceError(reason)
    return _SOURCES[capture.source](capture)


def source_refusal(capture: VitposeCapture) -> str:
    """Return what is missing of the source, in a sentence; looks at no file."""
    name, sentence = _NEEDED.get(capture.source, ("", ""))
    return sentence if name and not getattr(capture, name).strip() else ""


def video_of(capture: VitposeCapture, name: str) -> str:
    """Return the video of a name, if it is the chosen one or the sample; else empty."""
    chosen = _absolute(capture.video)
    return next(
        (path for path in (chosen, str(sample_video())) if Path(path).name == name), ""
    )


def sample_video() -> Path:
    """Return the clip that comes with the extension."""
    return data_folder("resources") / "videos" / "sample.mp4"


_NEEDED = {
    "VIDEO": ("video", "Choose a video, or the sample clip"),
    "STREAM": ("url", "Give the address of the stream"),
    "UDP": ("host", "Say where to listen: 127.0.0.1 is this machine alone"),
    "RECORDED": ("recorded", "Choose a take or a file of keypoints"),
}


def _camera(capture: VitposeCapture) -> str:
    index = live.cameras.index_of(capture.camera_index, capture.camera_name)
    if index is None:
        raise SourceError(
            f"The camera {capture.camera_name} is not there: plug it in and press "
            "Refresh, or choose another"
        )
    return str(index)


def _udp(capture: VitposeCapture) -> str:
    host = capture.host.strip()
    return f"udp://{f'[{host}]' if ':' in host else host}:{capture.port}"


_SOURCES: Mapping[str, Callable[[VitposeCapture], str]] = {
    "CAMERA": _camera,
    "VIDEO": lambda capture: _there(capture.video),
    "STREAM": lambda capture: capture.url.strip(),
    "UDP": _udp,
    "RECORDED": lambda capture: _there(capture.recorded),
}


def _there(path: str) -> str:
    absolute = _absolute(path)
    if not Path(absolute).exists():
        raise SourceError(f"There is no file {absolute}: choose it again")
    return absolute


def _absolute(path: str) -> str:
    return bpy.path.abspath(path.strip()) if path.strip() else ""


def _scene(context: Context) -> Scene:
    assert context.scene is not None
    return context.scene
