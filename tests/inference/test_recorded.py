# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded keypoints: the same motion in every format is the same take."""

import contextlib
import json
import logging

import numpy as np
import pytest

from vitpose_blender.core.errors import SourceError, TakeError, VitposeError
from vitpose_blender.core.layouts import BODY25, BODY25B, COCO17, LAYOUTS
from vitpose_blender.core.packet import Packet
from vitpose_blender.core.take import TakeHeader, read_take, write_take
from vitpose_blender.core.types import Joints3D, Keypoints2D
from vitpose_blender.inference.openpose import COCO17_FROM_OPENPOSE18
from vitpose_blender.inference.recorded import is_recorded, keypoint_box, read_recorded

FPS, WH = 25.0, (640, 480)

# A person who stands facing the camera, the middle of the hips at (0, 0) [px].
STANDING = {
    "nose": (0, -170), "left_eye": (7, -177), "right_eye": (-7, -177),
    "left_ear": (14, -173), "right_ear": (-14, -173),
    "left_shoulder": (38, -128), "right_shoulder": (-38, -128),
    "left_elbow": (48, -70), "right_elbow": (-48, -70),
    "left_wrist": (52, -15), "right_wrist": (-52, -15),
    "left_hip": (22, 0), "right_hip": (-22, 0),
    "left_knee": (24, 90), "right_knee": (-24, 90),
    "left_ankle": (25, 170), "right_ankle": (-25, 170),
    "neck": (0, -128), "pelvis": (0, 0), "upper_neck": (0, -140), "head_top": (0, -205),
    "left_big_toe": (34, 185), "left_small_toe": (40, 184), "left_heel": (24, 180),
    "right_big_toe": (-34, 185), "right_small_toe": (-40, 184),
    "right_heel": (-24, 180),
}  # fmt: skip

COCO = np.array([STANDING[name] for name in COCO17.names], dtype=float)


def walk(num_frames: int, names=COCO17.names, start=200.0) -> np.ndarray:
    """Return `(F, K, 2)` pixels of somebody who glides to the right."""
    pose = np.array([STANDING[name] for name in names], dtype=float)
    middle = np.array([[start + 3 * frame, 260] for frame in range(num_frames)])
    return pose + middle[:, np.newaxis]


def flat(xy: np.ndarray, score=0.5) -> list[float]:
    points = np.column_stack([xy, np.broadcast_to(score, len(xy))])
    return points.reshape(-1).tolist()


def write_openpose(folder, frames, first=0):
    """Write a folder; `frames` are lists of flat people, None for no file."""
    folder.mkdir(exist_ok=True)
    for number, people in enumerate(frames, start=first):
        if people is not None:
            value = {"version": 1.3, "people": [
                {"person_id": [-1], "pose_keypoints_2d": person} for person in people
            ]}  # fmt: skip
            path = folder / f"clip_{number:012d}_keypoints.json"
            path.write_text(json.dumps(value))
    return folder


def write_results(path, xy):
    entries = [
        {"image_id": frame, "category_id": 1, "keypoints": flat(points), "score": 0.9}
        for frame, points in enumerate(xy)
    ]
    path.write_text(json.dumps(entries))
    return path


def write_dataset(path, xy):
    value = {
        "images": [
            {
                "id": 70 + i,
                "file_name": f"shot_{i:04d}.jpg",
                "width": 640,
                "height": 480,
            }
            for i in range(len(xy))
        ],
        "annotations": [
            {"id": i, "image_id": 70 + i, "category_id": 1, "keypoints": flat(p, 0.5)}
            for i, p in enumerate(xy)
        ],
        "categories": [{"id": 1, "name": "person"}],
    }
    path.write_text(json.dumps(value))
    return path


def write_frames(path, xy):
    data = [
        {
            "frame_index": frame + 1,
            "skeleton": [{"pose": points.tolist(), "score": [[0.5]] * len(points)}],
        }
        for frame, points in enumerate(xy)
    ]
    path.write_text(json.dumps({"label": "walk", "label_index": 0, "data": data}))
    return path


def read(path, **options):
    return read_recorded(path, **({"fps": FPS, "image_wh": WH} | options))


# The same motion in every format.


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_results, "results.json"),
        (write_dataset, "dataset.json"),
        (write_frames, "frames.json"),
        (lambda p, xy: write_openpose(p, [[flat(f)] for f in xy]), "openpose"),
    ],
    ids=["results", "dataset", "frames", "openpose"],
)
def test_every_format_gives_the_same_take(tmp_path, write, name):
    xy = walk(12)
    path = write(tmp_path / name, xy)

    assert is_recorded(path)
    take = read(path)

    assert (take.header.source, take.header.layout) == (name, "coco17")
    assert (take.header.fps, take.header.image_wh) == (FPS, WH)
    assert [packet.frame for packet in take.packets] == list(range(12))
    assert take.people == [1]
    for frame, packet in enumerate(take.packets):
        assert packet.t == pytest.approx(frame / FPS)
        np.testing.assert_allclose(packet.keypoints.xy, xy[frame])
        np.testing.assert_allclose(packet.keypoints.score, 0.5)
        assert packet.joints is None
        assert packet.image_wh == WH


def test_a_whole_body_is_read_with_its_layout(tmp_path, rng):
    xy = rng.uniform(100, 400, (3, 133, 2))
    assert read(write_frames(tmp_path / "whole.json", xy)).header.layout == (
        "coco_wholebody133"
    )


def test_the_five_lists_of_a_whole_body_are_one(tmp_path, rng):
    points = np.column_stack([rng.uniform(100, 400, (133, 2)), np.full(133, 2)])
    names = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
    parts = np.split(points, np.cumsum([17, 6, 68, 21]))
    entry = {name: part.reshape(-1).tolist() for name, part in zip(names, parts)}
    value = {"images": [{"id": 5}], "annotations": [entry | {"image_id": 5}]}
    (tmp_path / "whole.json").write_text(json.dumps(value))

    (packet,) = read(tmp_path / "whole.json").packets

    assert packet.keypoints.layout == "coco_wholebody133"
    np.testing.assert_allclose(packet.keypoints.xy, points[:, :2])


# Our own takes.


def test_a_take_of_our_own_keeps_everything(tmp_path, caplog):
    joints = Joints3D(np.full((28, 3), 0.25), np.array([0, 0, 3.0]), np.ones(28), 0.4)
    packet = Packet(Keypoints2D(COCO, np.ones(17), 0.4), 3, 12, WH, joints)
    path = tmp_path / "mine.take.jsonl"
    write_take(path, TakeHeader(source="mine.mp4", fps=30.0, image_wh=WH), [packet])

    assert is_recorded(path)
    (back,) = read_recorded(path).packets
    read_recorded(path, fps=99)

    assert (back.person, back.frame, back.t) == (3, 12, 0.4)
    np.testing.assert_allclose(back.joints.xyz, 0.25)
    assert "knows its own rate" in caplog.text


def test_what_was_read_can_be_written_as_a_take(tmp_path):
    take = read(write_results(tmp_path / "results.json", walk(3)))
    path = tmp_path / "copy.take.jsonl"
    write_take(path, take.header, take.packets)
    again = read_take(path)
    for a, b in zip(take.packets, again.packets, strict=True):
        np.testing.assert_allclose(a.keypoints.xy, b.keypoints.xy, atol=0.01)
        assert (a.person, a.frame) == (b.person, b.frame)
    assert again.header == take.header


# Missing and absurd values.


@pytest.mark.parametrize(
    "point",
    [
        (0, 0, 0), (50, 60, 0), (50, 60, -0.5), (1e9, 60, 0.9), (50, -1e300, 0.9),
        (None, 60, 0.9), (50, 60, None), (float("nan"), 60, 0.9),
        (float("inf"), 60, 0.9),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("kind", ["results", "openpose"])
def test_what_cannot_be_seen_is_missing(tmp_path, point, kind):
    person = flat(walk(1)[0])
    person[3:6] = point
    path = tmp_path / kind
    if kind == "results":
        path.write_text(json.dumps([{"image_id": 0, "keypoints": person}]))
    else:
        write_openpose(path, [[person]])

    (packet,) = read(path).packets

    assert np.isnan(packet.keypoints.xy[1]).all()
    assert packet.keypoints.score[1] == 0.0
    assert np.isfinite(np.delete(packet.keypoints.xy, 1, axis=0)).all()


def test_scores_above_one_are_clipped(tmp_path):
    folder = write_openpose(tmp_path / "pose", [[flat(walk(1)[0], 1.07)]])
    np.testing.assert_array_equal(read(folder).packets[0].keypoints.score, 1.0)


def test_visibility_becomes_a_score(tmp_path):
    visibility = np.array([0, 1, 2] + [2] * 14)
    entry = {"image_id": 1, "keypoints": flat(walk(1)[0], visibility)}
    value = {"images": [{"id": 1, "width": 64, "height": 48}], "annotations": [entry]}
    (tmp_path / "a.json").write_text(json.dumps(value))

    (packet,) = read_recorded(tmp_path / "a.json", fps=FPS).packets

    np.testing.assert_array_equal(packet.keypoints.score[:4], [0, 0.5, 1, 1])
    assert packet.image_wh == (64, 48)


def test_nobody_in_a_frame_is_a_gap(tmp_path):
    xy = walk(6)
    unseen = [0.0] * 51
    frames = [[flat(xy[0])], [], [unseen], None, [[]], [flat(xy[5])]]
    take = read(write_openpose(tmp_path / "pose", frames))
    assert [(p.frame, p.t) for p in take.packets] == [(0, 0.0), (5, 5 / FPS)]


# OpenPose.


def test_frame_numbers_come_from_the_names(tmp_path):
    frames = [[flat(f)] for f in walk(3)]
    take = read(write_openpose(tmp_path / "pose", frames, first=117))
    assert [packet.frame for packet in take.packets] == [117, 118, 119]
    assert take.packets[0].t == pytest.approx(117 / FPS)
    assert take.header.model == "OpenPose"


@pytest.mark.parametrize("layout", [BODY25, BODY25B], ids=lambda layout: layout.id)
@pytest.mark.parametrize("unseen", [[], ["nose", "left_ear"], ["left_hip", "neck"]])
def test_the_two_bodies_of_25_are_told_apart(tmp_path, layout, unseen):
    frames = []
    for xy in walk(4, layout.names):
        rows = [layout.index[name] for name in unseen if name in layout.index]
        score = np.full(25, 0.8)
        xy[rows], score[rows] = 0, 0
        frames.append([flat(xy, score)])

    take = read(write_openpose(tmp_path / "pose", frames))

    assert take.header.layout == layout.id
    np.testing.assert_allclose(
        take.packets[0].keypoints.xy[layout.index["right_knee"]],
        walk(1, layout.names)[0, layout.index["right_knee"]],
    )


def test_a_body_of_25_without_a_head_has_to_be_named(tmp_path):
    xy = walk(1, BODY25.names)[0]
    score = np.full(25, 0.8)
    xy[[0, 1, 2, 3, 15, 16, 17, 18]], score[[0, 1, 2, 3, 15, 16, 17, 18]] = 0, 0
    folder = write_openpose(tmp_path / "pose", [[flat(xy, score)]])

    with pytest.raises(SourceError, match="--layout body25 or --layout body25b"):
        read(folder)
    assert read(folder, layout="body25b").header.layout == "body25b"


def test_the_body_of_18_becomes_coco17_without_its_neck(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    xy = walk(2)
    old = np.zeros((2, 18, 2))
    old[:, list(COCO17_FROM_OPENPOSE18)] = xy
    old[:, 1] = xy[:, 5:7].mean(axis=1)
    take = read(write_openpose(tmp_path / "pose", [[flat(f)] for f in old]))
    np.testing.assert_allclose(take.packets[1].keypoints.xy, xy[1])
    assert "without the neck" in caplog.text


def test_one_frame_of_openpose_alone_is_read(tmp_path):
    folder = write_openpose(tmp_path / "pose", [[flat(walk(1)[0])]], first=42)
    (path,) = folder.iterdir()
    assert [packet.frame for packet in read(path).packets] == [42]


def test_a_damaged_frame_is_left_out(tmp_path, caplog):
    folder = write_openpose(tmp_path / "pose", [[flat(f)] for f in walk(4)])
    path = folder / "clip_000000000002_keypoints.json"
    path.write_text(path.read_text()[:100])
    assert [packet.frame for packet in read(folder).packets] == [0, 1, 3]
    assert "1 of 4 frames left out" in caplog.text


def test_two_videos_in_one_folder_are_refused(tmp_path):
    folder = write_openpose(tmp_path / "pose", [[flat(walk(1)[0])]])
    (folder / "other_000000000000_keypoints.json").write_text('{"people": []}')
    with pytest.raises(SourceError, match="holds more than one video"):
        read(folder)


# People.


def test_two_people_keep_their_ids_when_the_file_swaps_them(tmp_path):
    left, right = walk(10, start=150), walk(10, start=420)
    frames = [
        [flat(a), flat(b)] if frame % 2 else [flat(b), flat(a)]
        for frame, (a, b) in enumerate(zip(left, right))
    ]
    take = read(write_openpose(tmp_path / "pose", frames))

    assert sorted(take.people) == [1, 2]
    for person in (1, 2):
        noses = [p.keypoints.xy[0, 0] for p in take.of_person(person).packets]
        np.testing.assert_allclose(np.diff(noses), 3)


@pytest.mark.parametrize(("first", "wanted"), [(0, [1, 2]), (1, [1, 2]), (7, [7, 8])])
def test_ids_of_the_file_are_kept(tmp_path, first, wanted):
    entries = [
        {"image_id": frame, "keypoints": flat(xy), "track_id": first + person}
        for person in range(2)
        for frame, xy in enumerate(walk(3, start=100 + 300 * person))
    ]
    (tmp_path / "a.json").write_text(json.dumps(entries))
    assert sorted(read(tmp_path / "a.json").people) == wanted


def test_ids_that_two_people_share_are_not_kept(tmp_path):
    entries = [
        {"image_id": 0, "keypoints": flat(walk(1, start=x)[0]), "track_id": 5}
        for x in (100, 400)
    ]
    (tmp_path / "a.json").write_text(json.dumps(entries))
    assert sorted(read(tmp_path / "a.json").people) == [1, 2]


def test_boxes_come_from_the_file_or_else_from_the_keypoints(tmp_path):
    xy = walk(2)
    entries = [
        {"image_id": 0, "keypoints": flat(xy[0]), "bbox": [140, 40, 120, 410]},
        {"image_id": 1, "keypoints": flat(xy[1]), "bbox": [140, 40, -1, None]},
    ]
    (tmp_path / "a.json").write_text(json.dumps(entries))
    first, second = read(tmp_path / "a.json").packets
    assert first.box == (140, 40, 120, 410)
    left, top, width, height = second.box
    assert (width, height) == pytest.approx(1.25 * np.ptp(xy[1], axis=0))
    np.testing.assert_allclose(
        [left + width / 2, top + height / 2], (xy[1].min(0) + xy[1].max(0)) / 2
    )


def test_the_box_of_one_point_has_an_area():
    xy = np.full((17, 2), np.nan)
    xy[3] = (50, 60)
    left, top, right, bottom = keypoint_box(xy)
    assert left < 50 < right
    assert top < 60 < bottom


# What the file does not say.


def test_rate_and_size_are_asked_for(tmp_path):
    path = write_results(tmp_path / "a.json", walk(2))
    with pytest.raises(SourceError, match=r"--fps N.*--size WxH.*x = 255, y = 430"):
        read_recorded(path)
    with pytest.raises(SourceError, match=r"a\.json does not say its frame rate") as e:
        read_recorded(path, image_wh=WH)
    assert "--size" not in str(e.value)
    with pytest.raises(SourceError, match="does not say the size") as e:
        read_recorded(path, fps=30)
    assert "--fps" not in str(e.value)


@pytest.mark.parametrize("fps", [0, -3, float("nan"), float("inf"), 1e9])
def test_a_senseless_rate_is_refused(tmp_path, fps):
    path = write_results(tmp_path / "a.json", walk(1))
    with pytest.raises(SourceError, match="is not a frame rate: give --fps"):
        read(path, fps=fps)


@pytest.mark.parametrize("wh", [(0, 480), (640, -1), (10**7, 480)])
def test_a_senseless_size_is_refused(tmp_path, wh):
    path = write_results(tmp_path / "a.json", walk(1))
    with pytest.raises(SourceError, match="is not the size of a picture"):
        read(path, image_wh=wh)


def test_a_layout_that_does_not_fit_is_refused(tmp_path):
    path = write_results(tmp_path / "a.json", walk(1))
    with pytest.raises(SourceError, match="17 keypoints a person, the layout mpii16"):
        read(path, layout="mpii16")
    with pytest.raises(VitposeError, match="Unknown keypoint layout 'coco99'"):
        read(path, layout="coco99")


@pytest.mark.parametrize("layout_id", ["mpii16", "aic14"])
def test_a_layout_that_cannot_be_told_has_to_be_named(tmp_path, rng, layout_id):
    xy = rng.uniform(0, 400, (2, len(LAYOUTS[layout_id]), 2))
    path = write_results(tmp_path / "a.json", xy)
    with pytest.raises(SourceError, match="give --layout"):
        read(path)
    assert read(path, layout=layout_id).packets[0].keypoints.layout == layout_id


# Bad input.

GOOD = flat(COCO + 300)
BAD_TEXTS = {
    "empty": "",
    "blank": " \n ",
    "not JSON": "Dear reader, this is not JSON.",
    "cut short": json.dumps([{"image_id": 0, "keypoints": GOOD}])[:80],
    "deep": "[" * 200_000,
    "a number": "3",
    "no list": '{"hello": "world"}',
    "empty list": "[]",
    "strings": '["a", "b"]',
    "boxes only": '[{"image_id": 0, "bbox": [1, 2, 3, 4]}]',
    "count": json.dumps([{"image_id": 0, "keypoints": GOOD[:-1]}]),
    "two counts": json.dumps([{"image_id": 0, "keypoints": GOOD},
                              {"image_id": 1, "keypoints": GOOD[:48]}]),
    "words": json.dumps([{"image_id": 0, "keypoints": ["left"] * 51}]),
    "ragged": json.dumps([{"image_id": 0, "keypoints": [[1, 2], [3]] * 17}]),
    "huge": json.dumps([{"image_id": 0, "keypoints": [10**400] * 51}]),
    "no frame": json.dumps([{"image_id": "x", "keypoints": GOOD}]),
    "far frame": json.dumps([{"image_id": 10**30, "keypoints": GOOD}]),
    "nobody seen": json.dumps([{"image_id": 0, "keypoints": [0] * 51}]),
    "no images": '{"annotations": []}',
    "lost image": json.dumps({"images": [{"id": 1}], "annotations": [
        {"image_id": 2, "keypoints": GOOD}]}),
    "sizes": json.dumps({"images": [{"id": 1, "width": 1, "height": 1}, {"id": 2}],
                         "annotations": [{"image_id": 2, "keypoints": GOOD}]}),
    "odd ids": json.dumps({"images": [{"id": [1]}], "annotations": [
        {"image_id": [1], "keypoints": GOOD}]}),
    "poseless": '{"data": [{"frame_index": 1, "skeleton": [{"score": [[1]]}]}]}',
    "no skeleton": '{"data": [{"frame_index": 1, "skeleton": [], "x": 0}, 5]}',
    "unequal": '{"data": [{"frame_index": 1, "skeleton": [{"pose": [[1, 2]], '
               '"score": [[1], [1]]}]}]}',
    "people": '{"people": {"a": 1}}',
    "person": '{"people": [5]}',
}  # fmt: skip


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
def test_bad_files_are_one_sentence(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert is_recorded(path)
    with pytest.raises(SourceError, match=r"bad\.json") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_any_cut_of_a_file_is_an_error_or_nothing_else(tmp_path):
    text = write_dataset(tmp_path / "a.json", walk(1)).read_text()
    for end in range(0, len(text) - 1, 7):
        (tmp_path / "a.json").write_text(text[:end])
        with pytest.raises(SourceError):
            read(tmp_path / "a.json")


def test_values_of_any_kind_are_survived(tmp_path, rng):
    """Put every kind of JSON value in every place of every format."""
    values = [None, True, -1, 1e308, "", "x", [], [[]], {}, [None] * 51]
    xy = walk(2)
    sources = [
        write_results(tmp_path / "results.json", xy),
        write_dataset(tmp_path / "dataset.json", xy),
        write_frames(tmp_path / "frames.json", xy),
        *write_openpose(tmp_path / "pose", [[flat(xy[0]), flat(xy[1])]]).iterdir(),
    ]
    for source in sources:
        original = json.loads(source.read_text())
        for place in places_in(original):
            for value in values:
                damaged = json.loads(source.read_text())
                at = damaged
                for key in place[:-1]:
                    at = at[key]
                at[place[-1]] = value
                (tmp_path / "damaged.json").write_text(json.dumps(damaged))
                with contextlib.suppress(SourceError):
                    read(tmp_path / "damaged.json")


def places_in(value):
    """Yield the path to everything in a JSON value but the numbers of keypoints."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:3])
    for key, inner in items:
        yield [key]
        if isinstance(inner, dict | list):
            yield from ([key, *rest] for rest in places_in(inner))


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_what_is_not_there_is_one_sentence(tmp_path, kind):
    path = tmp_path / "nothing"
    if kind == "folder":
        path.mkdir()
    assert not is_recorded(path)
    with pytest.raises(SourceError, match="nothing"):
        read(path)


@pytest.mark.parametrize("name", ["_keypoints.json", "frame_keypoints.json"])
def test_a_frame_without_a_number_is_refused(tmp_path, name):
    (tmp_path / name).write_text('{"people": []}')
    with pytest.raises(SourceError, match="has no frame number in its name"):
        read(tmp_path)


def test_pictures_and_videos_are_not_recorded_keypoints(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"\x00\x00\x00\x20ftypisom" + bytes(50))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    assert not is_recorded(tmp_path / "a.mp4")
    assert not is_recorded(tmp_path / "a.png")
    assert not is_recorded(tmp_path)
    (tmp_path / "keypoints.txt").write_text("\ufeff  [1]", encoding="utf-8")
    assert is_recorded(tmp_path / "keypoints.txt")


def test_a_take_with_nobody_is_one_sentence(tmp_path):
    write_take(tmp_path / "none.take.jsonl", TakeHeader(), [])
    with pytest.raises(TakeError, match="holds no person"):
        read_recorded(tmp_path / "none.take.jsonl")


@pytest.mark.parametrize("width", ["1e999", "NaN", '"a"', "null"])
def test_an_absurd_header_of_a_take_is_one_sentence(tmp_path, width):
    path = tmp_path / "odd.take.jsonl"
    path.write_text(f'{{"take": 1, "camera": {{"image_wh": [{width}, 2]}}}}\n')
    with pytest.raises(VitposeError, match="odd"):
        read(path)


# Real files.


@pytest.mark.parametrize(
    ("name", "layout"),
    [("baseball", "coco17"), ("baseball_wholebody", "coco_wholebody133")],
)
def test_the_batter_is_one_person_all_the_way(shared, name, layout):
    path = shared / "data" / "keypoints" / "gast" / f"{name}.json"
    take = read_recorded(path, fps=30, image_wh=(1280, 1080))

    assert take.people == [1]
    assert len(take.packets) == 277
    assert [packet.frame for packet in take.packets] == list(range(277))
    assert take.header.layout == layout
    x = np.array([packet.keypoints.xy[:17] for packet in take.packets])
    assert np.isfinite(x).all()
    assert (np.array([packet.box[2:] for packet in take.packets]) > 100).all()


@pytest.mark.parametrize("camera", range(4))
@pytest.mark.parametrize("target", [BODY25, BODY25B], ids=lambda layout: layout.id)
def test_real_bodies_of_25_are_told_apart_in_every_view(
    shared, tmp_path, camera, target
):
    """Real BODY_25B detections, also reordered the way that BODY_25 would have them."""
    path = shared / "data" / "multiview" / "pose2sim" / "two_people" / "derived.npz"
    seen = np.nan_to_num(np.load(path)["kp2d_body25b"][camera].astype(float))
    if target is BODY25:
        seen = as_body25(seen)
    frames = [[p.reshape(-1).tolist() for p in people if p.any()] for people in seen]
    take = read_recorded(
        write_openpose(tmp_path / "pose", frames), fps=60, image_wh=(1088, 1920)
    )
    assert take.header.layout == target.id
    assert len(take.packets) == sum(map(len, frames))


def as_body25(seen: np.ndarray) -> np.ndarray:
    out = np.zeros_like(seen)
    for row, name in enumerate(BODY25.names):
        if name in BODY25B.index:
            out[..., row, :] = seen[..., BODY25B.index[name], :]
    for name, sides in (("neck", "shoulder"), ("pelvis", "hip")):
        pair = seen[..., BODY25B.rows_of([f"left_{sides}", f"right_{sides}"]), :]
        both = (pair[..., 2] > 0).all(axis=-1)
        out[..., BODY25.index[name], :] = pair.mean(axis=-2) * both[..., np.newaxis]
    return out
