# SPDX-License-Identifier: GPL-3.0-or-later
"""The packet: one person in one frame, to and from JSON.

A packet is a line of a take and a datagram on the wire, so parsing trusts nothing:
whatever is not a packet raises `PacketError`, and numbers that cannot be pixels or
metres become missing.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .camera_model import DEFAULT_FOV
from .errors import VitposeError
from .layouts import CANONICAL, COCO17, LAYOUTS
from .types import FloatArray, Joints3D, Keypoints2D

VERSION = 1
TOP_KEYS = ("timestamp", "keypoints", "scores", "joints_3d", "meta")

MAX_PIXEL = 1e5  # No picture is larger; a keypoint beyond is nonsense [px].
MAX_METRES = 1e3  # Nobody is captured from farther away [m].


class PacketError(VitposeError):
    pass


@dataclass(frozen=True, eq=False, slots=True)
class Packet:
    """One person in one frame.

    Attributes:
        keypoints: As detected, unfiltered.
        joints: As lifted while capturing; None where there was no lifter.
        person: Stable id of the person, from 1.
        frame: Number of the frame in the source.
        image_wh: Size of the picture [px].
        fov: Field of view across the picture's longer side [deg].
        box: Left, top, width, height of the person [px]; None where unknown.
        model: Name of what found the keypoints.
        source: Name of the video, camera or file.
        tilt: How far the camera looks down from the horizon [deg]; None where the
            take's header says it.
        lifter: Name of what made the joints; empty where the header says it.
    """

    keypoints: Keypoints2D
    person: int
    frame: int
    image_wh: tuple[int, int]
    joints: Joints3D | None = None
    fov: float = DEFAULT_FOV
    box: tuple[float, float, float, float] | None = None
    model: str = ""
    source: str = ""
    tilt: float | None = None
    lifter: str = ""

    @property
    def t(self) -> float:
        """When the frame was taken, on the source's clock [s]."""
        return self.keypoints.t


def _rows(values: FloatArray, digits: int) -> list[list[float] | None]:
    """Return the rows as lists, null where a number is missing."""
    rounded = np.round(values, digits).tolist()
    missing = ~np.isfinite(values).all(axis=1)
    return [None if skip else row for row, skip in zip(rounded, missing)]


def to_dict(packet: Packet) -> dict[str, Any]:
    """Return the packet as the JSON object that takes and datagrams hold."""
    keypoints, joints = packet.keypoints, packet.joints
    root = None if joints is None else _rows(joints.root[np.newaxis], 4)[0]
    return {
        "timestamp": round(keypoints.t, 6),
        "keypoints": _rows(keypoints.xy, 2),
        "scores": np.round(keypoints.score, 4).tolist(),
        "joints_3d": (
            [None] * len(CANONICAL) if joints is None else _rows(joints.xyz, 4)
        ),
        "meta": {
            "person": packet.person,
            "frame": packet.frame,
            "layout": keypoints.layout,
            "image_wh": list(packet.image_wh),
            "box": None if packet.box is None else [round(v, 2) for v in packet.box],
            "root": root,
            "fov_deg": packet.fov,
            "model": packet.model,
            "source": packet.source,
            "v": VERSION,
        }
        | _for_receivers(packet),
    }


def _for_receivers(packet: Packet) -> dict[str, Any]:
    """Return what a take has in its header, and a receiver has no header for."""
    told: dict[str, Any] = {}
    if packet.tilt is not None:
        told["tilt_deg"] = packet.tilt
    if packet.lifter:
        told["lifter"] = packet.lifter
    return told


def dumps(packet: Packet) -> str:
    """Return the packet as one line of JSON, without the line break."""
    return json.dumps(to_dict(packet), separators=(",", ":"), allow_nan=False)


def loads(text: str | bytes) -> Packet:
    """Parse one line or datagram.

    Raises:
        PacketError: It is not a packet; the message says what is wrong with it.
    """
    try:
        # NaN and Infinity are not JSON, but many programs write them.
        value = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise PacketError("not valid JSON") from None
    return from_dict(value)


def from_dict(value: Any) -> Packet:
    """Check a decoded JSON object and return it as a packet; see `loads`."""
    if not isinstance(value, dict):
        raise PacketError("not a JSON object")
    missing = [key for key in TOP_KEYS if key not in value]
    if missing:
        raise PacketError(f"lacks {', '.join(missing)}")
    meta = value["meta"]
    if not isinstance(meta, dict):
        raise PacketError("meta is not an object")
    layout = LAYOUTS.get(str(meta.get("layout", COCO17.id)))
    if layout is None:
        raise PacketError(f"unknown layout {meta['layout']!r}")
    t = _number(value["timestamp"], "timestamp")
    xy = _table(value["keypoints"], (len(layout), 2), MAX_PIXEL, "keypoints")
    score = _table([[s] for s in _list(value["scores"], "scores")],
                   (len(layout), 1), 1e6, "scores")[:, 0]  # fmt: skip
    xyz = _table(value["joints_3d"], (len(CANONICAL), 3), MAX_METRES, "joints_3d")
    root = _table([meta.get("root")], (1, 3), MAX_METRES, "meta.root")[0]
    return Packet(
        keypoints=Keypoints2D(xy, np.clip(score, 0.0, 1.0), t, layout.id),
        joints=_joints(xyz, root, t),
        person=int(_number(meta.get("person", 1), "meta.person")),
        frame=int(_number(meta.get("frame", 0), "meta.frame")),
        image_wh=_image_wh(meta.get("image_wh")),
        fov=_fov(meta.get("fov_deg")),
        box=_box(meta.get("box")),
        model=str(meta.get("model") or ""),
        source=str(meta.get("source") or ""),
        tilt=_tilt(meta.get("tilt_deg")),
        lifter=str(meta.get("lifter") or ""),
    )


def _joints(xyz: FloatArray, root: FloatArray, t: float) -> Joints3D | None:
    known = np.isfinite(xyz).all(axis=1)
    if not known.any():
        return None
    return Joints3D(xyz, root, known.astype(np.float64), t)


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PacketError(f"{name} is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) < 1e12:
        raise PacketError(f"{name} is not a finite number")
    return number


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise PacketError(f"{name} is not a list")
    return value


def _table(value: Any, shape: tuple[int, int], limit: float, name: str) -> FloatArray:
    """Return rows of numbers as an array, NaN for null and for absurd rows."""
    rows = _list(value, name)
    if len(rows) != shape[0]:
        raise PacketError(f"{name} has {len(rows)} rows, not {shape[0]}")
    table = np.full(shape, np.nan)
    for index, row in enumerate(rows):
        if row is None:
            continue
        if not isinstance(row, list) or len(row) != shape[1]:
            raise PacketError(f"{name}[{index}] is not {shape[1]} numbers")
        if None not in row:
            table[index] = [_number(number, f"{name}[{index}]") for number in row]
    table[(np.abs(table) > limit).any(axis=1)] = np.nan
    return table


def _image_wh(value: Any) -> tuple[int, int]:
    wh = _list(value, "meta.image_wh")
    if len(wh) != 2:
        raise PacketError("meta.image_wh is not two numbers")
    width, height = (int(_number(side, "meta.image_wh")) for side in wh)
    if not (0 < width <= MAX_PIXEL and 0 < height <= MAX_PIXEL):
        raise PacketError("meta.image_wh is not the size of a picture")
    return width, height


def _fov(value: Any) -> float:
    if value is None:
        return DEFAULT_FOV
    fov = _number(value, "meta.fov_deg")
    if not 1.0 <= fov <= 170.0:
        raise PacketError("meta.fov_deg is not between 1 and 170 degrees")
    return fov


def _tilt(value: Any) -> float | None:
    if value is None:
        return None
    tilt = _number(value, "meta.tilt_deg")
    if not abs(tilt) <= 90.0:
        raise PacketError("meta.tilt_deg is not between -90 and 90 degrees")
    return tilt


def _box(value: Any) -> tuple[float, float, float, float] | None:
    if value is None:
        return None
    box = _list(value, "meta.box")
    if len(box) != 4:
        raise PacketError("meta.box is not four numbers")
    if None in box:
        return None
    left, top, width, height = (_number(side, "meta.box") for side in box)
    return left, top, width, height
