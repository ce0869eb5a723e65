# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/animate.py as its users meet it: what it makes, and how it refuses."""

import gc
import json
import os
import re
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.keypoint_clips import FPS, waving, write_coco
from tests.script_runs import SCRIPTS, load_script
from vitpose_blender.core.layouts import CANONICAL
from vitpose_blender.core.take import read_take, write_take
from vitpose_blender.core.types import Joints3D, Keypoints2D
from vitpose_blender.inference.recorded import read_recorded

bpy = pytest.importorskip("bpy")

ROOT = Path(__file__).parents[1]
MANNEQUIN = ROOT / "resources" / "characters" / "mannequin.glb"
NUM_FRAMES = 31  # One second.
FORMATS = ["glb", "blend", "fbx", "bvh"]


@pytest.fixture(scope="module")
def take(tmp_path_factory) -> Path:
    """A take of two people: the first is seen longer."""
    folder = tmp_path_factory.mktemp("animate")
    people = waving(NUM_FRAMES, (160, 260)), waving(NUM_FRAMES - 10, (480, 260))
    path = write_coco(folder / "two.json", *people)
    recorded = read_recorded(path, FPS, (640, 480))
    out = folder / "two.take.jsonl"
    write_take(out, recorded.header, recorded.packets)
    return out


@pytest.fixture
def animate(run_script, take):
    """Run the script on the take and the mannequin, unless told otherwise."""

    def run(*arguments, take=take, character=MANNEQUIN):
        return run_script("animate", take, character, *arguments)

    return run


@pytest.fixture
def lines(take):
    return take.read_text().splitlines()


def statue(t: float) -> Joints3D:
    """Return somebody who stands with the arms held out, always the same."""
    xyz = np.full((len(CANONICAL), 3), np.nan)
    places = {
        "pelvis": (0, 0, 0), "chest": (0, -0.35, 0), "spine": (0, -0.2, 0),
        "neck": (0, -0.5, 0), "head_top": (0, -0.75, 0), "nose": (0, -0.6, -0.1),
    }  # fmt: skip
    for side, sign in (("left", 1), ("right", -1)):
        places |= {
            f"{side}_shoulder": (0.18 * sign, -0.47, 0),
            f"{side}_elbow": (0.46 * sign, -0.47, 0),
            f"{side}_wrist": (0.72 * sign, -0.47, 0),
            f"{side}_hip": (0.1 * sign, 0, 0),
            f"{side}_knee": (0.1 * sign, 0.42, 0),
            f"{side}_ankle": (0.1 * sign, 0.84, 0),
        }
    for name, place in places.items():
        xyz[CANONICAL.index[name]] = place
    return Joints3D(xyz, (0.0, 0.0, 3.0), np.isfinite(xyz[:, 0]).astype(float), t)


def write_statue(path: Path, take: Path, lifter: str) -> Path:
    """Write a take whose keypoints wave and whose joints stand still."""
    recorded = read_take(take).of_person(1)
    packets = [replace(packet, joints=statue(packet.t)) for packet in recorded.packets]
    write_take(path, replace(recorded.header, lifter=lifter), packets)
    return path


def glb_json(path: Path) -> dict:
    content = path.read_bytes()
    assert content[:4] == b"glTF"
    (size,) = struct.unpack("<I", content[12:16])
    return json.loads(content[20 : 20 + size])


def glb_duration(path: Path) -> float:
    """Return when the last key of the only animation is [s]."""
    scene = glb_json(path)
    (animation,) = scene["animations"]
    ends = [scene["accessors"][s["input"]]["max"][0] for s in animation["samplers"]]
    return max(ends)


def bvh_motion(path: Path) -> tuple[float, np.ndarray]:
    """Return the time of a frame [s] and the channels, shape `(F, C)`."""
    _, _, motion = path.read_text().partition("MOTION\n")
    count, step, *rows = motion.strip().splitlines()
    channels = np.array([row.split() for row in rows], dtype=float)
    assert int(count.split()[-1]) == len(channels)
    return float(step.split()[-1]), channels


def moves(path: Path) -> bool:
    return bool(np.ptp(bvh_motion(path)[1], axis=0).max() > 5)  # [deg]


# What it makes.


def test_every_format_keeps_the_speed_at_another_rate(animate, tmp_path):
    outs = [tmp_path / "new folder" / f"x.{suffix}" for suffix in FORMATS]
    arguments = [text for out in outs for text in ("--out", out)]

    done = animate(*arguments, "--fps", 24)

    assert (done.code, done.err) == (0, "")
    found, solving, baking, summary = done.out.splitlines()
    assert found.startswith("Calibrated: body 1.70 m (assumed), camera")
    assert f"{NUM_FRAMES}/{NUM_FRAMES} frames" in solving
    assert "25/25 frames" in baking
    assert "person 1 of two.take.jsonl, 25 frames at 24 fps" in summary
    assert "also in the take: 2" in summary
    glb, blend, fbx, bvh = outs
    assert glb_duration(glb) == pytest.approx(1.0, abs=0.01)
    step, channels = bvh_motion(bvh)
    assert step == pytest.approx(1 / 24, abs=1e-5)
    assert len(channels) == 25

    bpy.ops.wm.open_mainfile(filepath=str(blend))
    scene = bpy.context.scene
    assert scene.render.fps / scene.render.fps_base == pytest.approx(24)
    assert scene.frame_end - scene.frame_start == 24
    (action,) = bpy.data.actions
    assert action.frame_range[1] - action.frame_range[0] == pytest.approx(24)

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.fbx(filepath=str(fbx))
    start, end = max((a.frame_range for a in bpy.data.actions), key=lambda r: r[1])
    assert end - start == pytest.approx(24, abs=0.1)


def test_the_rate_is_the_sources_own_by_default(animate, tmp_path):
    out = tmp_path / "x.bvh"
    assert f"{NUM_FRAMES} frames at 30 fps" in animate("--out", out).out
    assert bvh_motion(out)[0] == pytest.approx(1 / 30, abs=1e-5)
    assert moves(out)


def test_another_person_of_the_take(animate, tmp_path):
    done = animate("--out", tmp_path / "x.glb", "--person", 2)
    assert f"person 2 of two.take.jsonl, {NUM_FRAMES - 10} frames" in done.out
    assert "also in the take: 1" in done.out


def test_a_blend_keeps_its_rate_and_its_actions(animate, tmp_path):
    first, second = tmp_path / "first.blend", tmp_path / "second.blend"
    animate("--out", first, "--fps", 24)
    before = first.read_bytes()

    done = animate("--out", second, character=first)

    assert "at 24 fps" in done.out
    assert first.read_bytes() == before
    bpy.ops.wm.open_mainfile(filepath=str(second))
    assert len(bpy.data.actions) == 2


@pytest.mark.parametrize("smooth", ["crisp", "balanced", "smooth"])
def test_calmer_presets_move_less(animate, tmp_path, smooth, take):
    rough = read_take(take).of_person(1)
    rng = np.random.default_rng(0)
    shaky = [
        replace(
            packet,
            keypoints=Keypoints2D(
                packet.keypoints.xy + rng.normal(0, 3, (17, 2)),
                packet.keypoints.score,
                packet.t,
            ),
        )
        for packet in rough.packets
    ]
    path = tmp_path / "shaky.take.jsonl"
    write_take(path, rough.header, shaky)
    jitter = {}
    for preset in {smooth, "balanced"}:
        out = tmp_path / f"{preset}.bvh"
        assert animate("--out", out, "--smooth", preset, take=path).code == 0
        jitter[preset] = np.abs(np.diff(bvh_motion(out)[1], 2, axis=0)).mean()
    if smooth == "crisp":
        assert jitter["crisp"] > jitter["balanced"]
    if smooth == "smooth":
        assert jitter["smooth"] < jitter["balanced"]


@pytest.mark.parametrize(
    ("lifter", "arguments", "is_waving"),
    [
        ("another program", [], False),
        ("learned", [], True),
        ("geometric", [], True),
        ("geometric", ["--joints", "take"], False),
        ("another program", ["--joints", "solve"], True),
    ],
    ids=[
        "others kept",
        "ours solved anew",
        "our other one solved anew",
        "kept on demand",
        "solved on demand",
    ],
)
def test_where_the_joints_come_from(
    animate, take, tmp_path, lifter, arguments, is_waving
):
    path = write_statue(tmp_path / "statue.take.jsonl", take, lifter)
    out = tmp_path / "x.bvh"
    assert animate("--out", out, *arguments, take=path).code == 0
    assert moves(out) == is_waving


@pytest.mark.parametrize("rig", ["mannequin", "MANNEQUIN", "file"])
def test_a_rig_map_by_name_and_by_file(animate, tmp_path, rig):
    path = ROOT / "rigs" / "mannequin.toml" if rig == "file" else rig
    assert animate("--out", tmp_path / "x.glb", "--rig", path).code == 0


@pytest.mark.parametrize("name", ["male_adult__mixamo", "boy_child__cmu_mb"])
def test_real_characters_keep_their_bones(shared, animate, tmp_path, name):
    character = shared / "data" / "rigs" / "mpfb2_glb" / f"{name}.glb"
    out = tmp_path / "x.glb"

    assert animate("--out", out, character=character).code == 0

    before, after = glb_json(character), glb_json(out)
    names = [
        sorted(scene["nodes"][joint]["name"] for joint in scene["skins"][0]["joints"])
        for scene in (before, after)
    ]
    assert names[0] == names[1]
    assert glb_duration(out) == pytest.approx(1.0, abs=0.01)


def test_a_contact_sheet_shows_camera_above_character(
    animate, tmp_path, take, monkeypatch
):
    import cv2

    sheets = load_script("_contact_sheet")
    monkeypatch.setattr(sheets, "CELL_WH", (48, 64))
    monkeypatch.setattr(sheets, "COLUMNS", 2)
    footage = tmp_path / "footage.mp4"
    writer = cv2.VideoWriter(
        str(footage), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (640, 480)
    )
    for _ in range(NUM_FRAMES):
        writer.write(np.full((480, 640, 3), (200, 60, 60), np.uint8))
    writer.release()
    sheet = tmp_path / "new folder" / "sheet.png"

    done = animate(
        "--out", tmp_path / "x.bvh", "--sheet", sheet, "--footage", footage
    )  # fmt: skip

    assert (done.code, done.err) == (0, "")
    assert "Rendering [########################] 2/2 pictures" in done.out
    picture = cv2.imread(str(sheet)).astype(int)
    assert picture.shape[:2] == (2 * 64 + 3 * 4, 2 * 48 + 3 * 4)
    for column in (4, 4 + 48 + 4):
        above = picture[4 : 4 + 64, column : column + 48]
        below = picture[72 : 72 + 64, column : column + 48]
        assert above[..., 0].mean() > above[..., 2].mean() + 50  # The blue footage.
        assert below.std() > 5  # A character before a floor.


def test_it_runs_from_the_command_line_without_chatter(take, tmp_path):
    out = tmp_path / "x.glb"
    done = subprocess.run(
        [sys.executable, SCRIPTS / "animate.py", take, MANNEQUIN, "--out", out],
        check=False,
        env=dict(os.environ, VITPOSE_NO_VENV="1"),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 4
    assert glb_duration(out) == pytest.approx(1.0, abs=0.01)


# Damaged takes.


def test_a_truncated_take_is_animated_as_far_as_it_goes(
    animate, lines, tmp_path, caplog
):
    path = tmp_path / "cut.take.jsonl"
    content = "\n".join(lines[:20])
    path.write_text(content[:-100])
    done = animate("--out", tmp_path / "x.glb", take=path)
    assert done.code == 0
    assert "1 damaged line(s) ignored" in caplog.text


def test_absurd_keypoints_still_give_a_motion(animate, take, tmp_path):
    recorded = read_take(take).of_person(1)
    rng = np.random.default_rng(0)
    packets = [
        replace(
            packet,
            keypoints=Keypoints2D(
                rng.uniform(-9e4, 9e4, (17, 2)), np.ones(17), packet.t
            ),
        )
        for packet in recorded.packets
    ]
    path = tmp_path / "absurd.take.jsonl"
    write_take(path, recorded.header, packets)
    out = tmp_path / "x.bvh"
    assert animate("--out", out, take=path).code == 0
    assert np.isfinite(bvh_motion(out)[1]).all()


def test_a_single_moment_is_a_pose(animate, lines, tmp_path):
    path = tmp_path / "one.take.jsonl"
    path.write_text("\n".join(lines[:2]) + "\n")
    out = tmp_path / "x.bvh"
    assert animate("--out", out, take=path).code == 0
    assert len(bvh_motion(out)[1]) == 1


def test_packets_of_one_moment_count_once(animate, lines, tmp_path):
    packets = [json.loads(line) for line in lines[1:]]
    for packet in packets:
        packet["timestamp"] = 1.0
    path = tmp_path / "still.take.jsonl"
    path.write_text("\n".join([lines[0], *map(json.dumps, packets)]) + "\n")
    out = tmp_path / "x.bvh"
    done = animate("--out", out, take=path)
    assert (done.code, done.err) == (0, "")
    assert len(bvh_motion(out)[1]) == 1


UNUSABLE_TAKES = {
    "missing": "There is no file .*: check its name",
    "zero": "is empty: nothing was captured into it",
    "header only": "holds no person in any frame",
    "no take": "is not a take",
    "a folder": "Cannot read",
    "all unseen": "neither keypoints nor 3D joints of that person",
    "years long": r"lasts .* hours by its time stamps",
    "animals": "not a person's",
}


def write_unusable_take(kind: str, folder: Path, lines: list[str]) -> Path:
    path = folder / "bad.take.jsonl"
    header, packets = lines[0], [json.loads(line) for line in lines[1:6]]
    if kind == "a folder":
        path.mkdir()
    elif kind == "all unseen":
        for packet in packets:
            packet["keypoints"] = [None] * 17
    elif kind == "years long":
        packets[-1]["timestamp"] = 1e10
    elif kind == "animals":
        for packet in packets:
            packet["meta"]["layout"] = "ap10k17"
    content = {
        "zero": "",
        "header only": header + "\n",
        "no take": "[1, 2, 3]\n",
    }.get(kind, "\n".join([header, *map(json.dumps, packets)]) + "\n")
    if kind not in ("missing", "a folder"):
        path.write_text(content)
    return path


@pytest.mark.parametrize("kind", UNUSABLE_TAKES)
def test_unusable_takes(animate, lines, tmp_path, kind):
    path = write_unusable_take(kind, tmp_path, lines)
    out = tmp_path / "x.glb"
    sentence = animate("--out", out, take=path).sentence
    assert_matches(UNUSABLE_TAKES[kind], sentence)
    assert not out.exists()


# Unusable characters.

UNUSABLE_CHARACTERS = {
    "missing.glb": "There is no character file",
    "folder.glb": "There is no character file",
    "zero.glb": "zero.glb is empty: export the character again",
    "noise.glb": "noise.glb is an unknown kind of file, not a glTF file",
    "noise.fbx": "noise.fbx is an unknown kind of file, not an FBX file",
    "zero.blend": "zero.blend is empty",
    "cube.glb": "cube.glb has no skeleton: export the character with its armature",
    "cube.blend": "cube.blend has no skeleton",
    "hero.obj": "hero.obj is not a character file",
}


def write_unusable_character(path: Path) -> Path:
    kind = path.stem
    if kind == "folder":
        path.mkdir()
    elif kind == "cube":
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        bpy.ops.mesh.primitive_cube_add()
        if path.suffix == ".glb":
            bpy.ops.export_scene.gltf(filepath=str(path))
        else:
            bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    elif kind != "missing":
        path.write_bytes(b"" if kind == "zero" else bytes(range(256)) * 8)
    return path


@pytest.mark.parametrize("name", UNUSABLE_CHARACTERS)
def test_unusable_characters(animate, tmp_path, name):
    character = write_unusable_character(tmp_path / name)
    done = animate("--out", tmp_path / "x.glb", character=character)
    assert UNUSABLE_CHARACTERS[name] in done.sentence
    assert done.out == ""


# Several armatures.


@pytest.fixture
def crowd(tmp_path):
    """A file with the mannequin and an armature that is a mere chain of bones."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.gltf(filepath=str(MANNEQUIN))
    bpy.ops.object.armature_add()
    bpy.context.object.name = "Chain"
    path = tmp_path / "crowd.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    return path


def test_the_armature_like_a_person_is_animated(animate, tmp_path, crowd, caplog):
    out = tmp_path / "x.bvh"
    assert animate("--out", out, character=crowd).code == 0
    assert "crowd.blend has 2 armatures" in caplog.text
    assert moves(out)


def test_a_named_armature_is_taken_or_those_that_exist_are_named(
    animate, tmp_path, crowd
):
    options = ("--out", tmp_path / "x.bvh", "--armature")
    sentence = animate(*options, "Bob", character=crowd).sentence
    assert_matches("has no armature 'Bob'; it has .*Chain", sentence)
    assert animate(*options, "Chain", character=crowd).sentence


# Wrong options.


def test_an_absent_person_is_answered_with_who_is_there(animate, tmp_path):
    sentence = animate("--out", tmp_path / "x.glb", "--person", 9).sentence
    assert sentence == "The take has no person 9; it has 1, 2"


@pytest.mark.parametrize("fps", ["0", "-24", "nan", "1e9"])
def test_a_rate_that_is_none(animate, tmp_path, fps):
    sentence = animate("--out", tmp_path / "x.glb", f"--fps={fps}").sentence
    assert "is not between 1 and 1000" in sentence


def test_a_map_that_is_not_there_is_answered_with_those_that_are(animate, tmp_path):
    sentence = animate("--out", tmp_path / "x.glb", "--rig", "godzilla").sentence
    assert "There is no rig map 'godzilla'; there are " in sentence
    path = tmp_path / "none.toml"
    assert f"Cannot read the rig map {path}" in (
        animate("--out", tmp_path / "x.glb", "--rig", path).sentence
    )


def test_a_map_of_absent_bones(animate, tmp_path):
    content = (ROOT / "rigs" / "mannequin.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(content.replace('"hips"', '"no_such_bone"'))
    sentence = animate("--out", tmp_path / "x.glb", "--rig", path).sentence
    assert "no bone 'no_such_bone'; it has chest" in sentence
    assert "give a rig map that names its bones" in sentence


@pytest.mark.parametrize("name", ["x", "x.obj", "x.take.jsonl"])
def test_an_unknown_format(animate, tmp_path, name):
    sentence = animate("--out", tmp_path / name).sentence
    assert "its name must end in .glb, .blend, .fbx, .bvh" in sentence


def test_the_character_is_never_overwritten(animate, tmp_path):
    mine = tmp_path / "mine.glb"
    mine.write_bytes(MANNEQUIN.read_bytes())
    sentence = animate("--out", mine, character=mine).sentence
    assert "would overwrite the character" in sentence
    assert mine.read_bytes() == MANNEQUIN.read_bytes()


def test_missing_footage_is_found_out_before_the_work(animate, tmp_path):
    options = ["--sheet", tmp_path / "x.png", "--footage", tmp_path / "none.mp4"]
    done = animate("--out", tmp_path / "x.glb", *options)
    assert "There is no file" in done.sentence
    assert done.out == ""


def test_a_sheet_that_cannot_be_written_costs_no_result(animate, tmp_path, monkeypatch):
    monkeypatch.setattr(load_script("_contact_sheet"), "CELL_WH", (24, 32))
    monkeypatch.setattr(load_script("_contact_sheet"), "COLUMNS", 1)
    out = tmp_path / "x.bvh"
    sentence = animate("--out", out, "--sheet", out / "sheet.png").sentence
    assert "Cannot write" in sentence
    assert moves(out)


@pytest.fixture
def close_what_blender_left():
    """A failing exporter of Blender leaves its file open, held by the traceback."""
    yield
    for name in ("last_type", "last_value", "last_traceback"):
        if hasattr(sys, name):
            delattr(sys, name)
    gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("close_what_blender_left")
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kind", ["a folder", "below a file", "full disk"])
def test_results_that_cannot_be_written(
    animate, tmp_path, full_disk, suffix, kind, lines
):
    path = tmp_path / "short.take.jsonl"
    path.write_text("\n".join(lines[:4]) + "\n")
    out = tmp_path / f"x.{suffix}"
    if kind == "a folder":
        out.mkdir()
    elif kind == "below a file":
        out = path / out.name
    with full_disk(3_000 if kind == "full disk" else 10**9):
        done = animate("--out", out, take=path)
    assert f"Cannot write {out}" in done.sentence
    assert "Traceback" not in done.out


def assert_matches(pattern: str, text: str) -> None:
    assert re.search(pattern, text), text


def test_a_stand_in_the_clip_is_used_unless_it_shall_not_be(animate, take, tmp_path):
    poses = {}
    for how in ("auto", "take", "off"):
        done = animate("--out", tmp_path / f"{how}.bvh", "--calibration", how)
        assert done.code == 0, done
        assert done.out.startswith("Calibrated") == (how == "auto")
        poses[how] = bvh_motion(tmp_path / f"{how}.bvh")[1]
    np.testing.assert_array_equal(poses["take"], poses["off"])
    assert np.abs(poses["auto"] - poses["off"]).max() > 0.5  # [deg]
