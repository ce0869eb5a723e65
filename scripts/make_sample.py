# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the sample clip, its truth and what a detector would say about it.

    .venv/bin/python scripts/make_sample.py

Writes resources/videos/sample.mp4, sample.truth.npz and sample.keypoints.json. All
of it is our own work: the person is the mannequin, dressed, and every motion is
written by hand in `sample_motion.py`. Takes some minutes.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mannequin_skeleton import rest_bones  # noqa: E402
from mannequin_tube import Array  # noqa: E402
from sample_keypoints import coco_json, simulate_detector  # noqa: E402
from sample_motion import FPS, TIMES, perform  # noqa: E402
from sample_pose import Posed, canonical_joints, pose  # noqa: E402
from sample_view import View  # noqa: E402
from vitpose_blender.core.camera_model import Camera  # noqa: E402
from vitpose_blender.core.layouts import CANONICAL  # noqa: E402

DEFAULT_OUT = ROOT / "resources" / "videos"
CAMERA = Camera(image_wh=(1280, 720), fov=60.0, tilt=4.0)
CAMERA_PLACE = np.array([0.0, -3.9, 1.25])  # [m]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    bones = rest_bones()
    posed = pose(perform(), bones)
    joints = canonical_joints(posed, bones, CANONICAL.names)
    options.out.mkdir(parents=True, exist_ok=True)
    truth = _write_truth(joints, options.out / "sample.truth.npz")
    xy, score = simulate_detector(truth["xy"][:, :17], truth["visible"][:, :17])
    text = json.dumps(coco_json(xy, score, CAMERA.image_wh, FPS))
    (options.out / "sample.keypoints.json").write_text(text, encoding="utf-8")
    if not options.no_video:
        _write_video(posed, options)
    for path in sorted(options.out.glob("sample.*")):
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder")
    parser.add_argument("--no-video", action="store_true", help="numbers only")
    parser.add_argument("--samples", type=int, default=24, help="of the room")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=Path, help="keep the rendered frames here")
    parser.add_argument("--every", type=int, default=1, help="render each Nth frame")
    return parser.parse_args(arguments)


def _write_truth(joints: Array, path: Path) -> dict[str, Array]:
    view = View(CAMERA, CAMERA_PLACE)
    xy = view.project(joints)
    width, height = CAMERA.image_wh
    truth = {
        "fps": np.array(FPS),
        "t": TIMES,
        "names": np.array(CANONICAL.names),
        "image_wh": np.array(CAMERA.image_wh),
        "fov_deg": np.array(CAMERA.fov),
        "tilt_deg": np.array(CAMERA.tilt),
        "camera_height": np.array(CAMERA_PLACE[2]),
        "world_from_camera": view.world_from_camera,
        "joints_world": joints,
        "joints_camera": view.to_camera(joints),
        "xy": xy,
        "visible": ((xy >= 0) & (xy <= [width - 1, height - 1])).all(axis=-1),
    }
    np.savez_compressed(path, **truth)
    return truth


def _write_video(posed: Posed, options: argparse.Namespace) -> None:
    import bpy
    import cv2

    from make_mannequin import build_mannequin
    from sample_film import encode, ensure_camera, film, render_room, set_up_render
    from sample_person import COLORS, person_parts
    from sample_room import build_room, plain

    bpy.ops.wm.read_factory_settings(use_empty=True)
    build_room()
    for name, (color, roughness) in COLORS.items():
        plain(name, color, roughness)
    view = View(CAMERA, CAMERA_PLACE)
    ensure_camera(view)
    set_up_render(CAMERA.image_wh, options.threads)
    posed = Posed(
        {name: turns[:: options.every] for name, turns in posed.turns.items()},
        {name: heads[:: options.every] for name, heads in posed.heads.items()},
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.frames or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        room = render_room(folder / "room.png", options.samples)
        person = build_mannequin(person_parts(), rest_bones().values())
        pictures = []
        for picture in film(person, posed, view, room):
            pictures.append(folder / f"{len(pictures):04d}.png")
            cv2.imwrite(str(pictures[-1]), picture)
            print(f"\rframe {len(pictures)}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        encode(pictures, options.out / "sample.mp4", round(FPS / options.every))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # Some versions of bpy crash while the interpreter shuts down.
