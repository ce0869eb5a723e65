# SPDX-License-Identifier: GPL-3.0-or-later
"""The default character, as Blender sees it after import."""

import subprocess
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

ROOT = Path(__file__).parents[2]
GLB = ROOT / "resources" / "characters" / "mannequin.glb"
RIG_MAP = ROOT / "rigs" / "mannequin.toml"


@dataclass(frozen=True, eq=False)
class Imported:
    xyz: np.ndarray
    corners: np.ndarray
    weights: list[dict[str, float]]
    heads: dict[str, np.ndarray]
    x_axes: dict[str, np.ndarray]
    parents: dict[str, str]


def import_glb(path: Path) -> Imported:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(path))
    mesh, rig = bpy.data.objects["Mannequin"], bpy.data.objects["Mannequin_Rig"]
    assert np.allclose(rig.matrix_world, np.eye(4), atol=1e-6)
    assert np.allclose(mesh.matrix_world, np.eye(4), atol=1e-6)
    xyz = np.empty(3 * len(mesh.data.vertices), dtype=np.float32)
    mesh.data.vertices.foreach_get("co", xyz)
    mesh.data.calc_loop_triangles()
    corners = np.empty(3 * len(mesh.data.loop_triangles), dtype=np.int32)
    mesh.data.loop_triangles.foreach_get("vertices", corners)
    groups = [group.name for group in mesh.vertex_groups]
    bones = rig.data.bones
    return Imported(
        xyz=xyz.reshape(-1, 3).astype(np.float64),
        corners=corners.reshape(-1, 3),
        weights=[
            {groups[g.group]: g.weight for g in vertex.groups if g.weight > 0}
            for vertex in mesh.data.vertices
        ],
        heads={b.name: np.array(b.head_local) for b in bones},
        x_axes={b.name: np.array(b.matrix_local.col[0][:3]) for b in bones},
        parents={b.name: b.parent.name if b.parent else "" for b in bones},
    )


@pytest.fixture(scope="module")
def mannequin() -> Imported:
    return import_glb(GLB)


def mirrored(name: str) -> str:
    return name[:-2] + {".L": ".R", ".R": ".L"}.get(name[-2:], name[-2:])


def distance_to_nearest(xyz: np.ndarray, others: np.ndarray) -> float:
    """Return the largest distance from a point to its nearest among `others`."""
    return max(
        float(np.linalg.norm(others - point, axis=1).min()) for point in xyz[::7]
    )


def test_the_file_is_small():
    assert GLB.stat().st_size < 1_000_000


def test_the_rig_map_names_every_bone(mannequin):
    roles = tomllib.loads(RIG_MAP.read_text(encoding="utf-8"))["bones"]
    names = [
        name
        for value in roles.values()
        for name in ([value] if isinstance(value, str) else value)
    ]
    assert sorted(names) == sorted(mannequin.heads)


def test_it_is_a_person_tall_and_stands_on_the_floor(mannequin):
    low, high = mannequin.xyz[:, 2].min(), mannequin.xyz[:, 2].max()
    assert low == pytest.approx(0.0, abs=1e-4)
    assert 1.70 <= high - low <= 1.80
    for side in ("L", "R"):
        sole = [
            xyz[2]
            for xyz, weights in zip(mannequin.xyz, mannequin.weights)
            if f"foot.{side}" in weights
        ]
        assert min(sole) == pytest.approx(0.0, abs=1e-4)


def test_it_faces_the_viewer(mannequin):
    heads = mannequin.heads
    for side in ("L", "R"):
        assert heads[f"toe.{side}"][1] < heads[f"foot.{side}"][1] - 0.1
    face = mannequin.xyz[mannequin.xyz[:, 2] > heads["head"][2]]
    nose = face[face[:, 1].argmin()]
    assert abs(nose[0]) < 0.002


def test_left_is_left(mannequin):
    for name, head in mannequin.heads.items():
        if name.endswith(".L"):
            assert head[0] > 0.02
        elif not name.endswith(".R"):
            assert head[0] == pytest.approx(0.0, abs=1e-5)


def test_arms_hang_in_an_a_pose(mannequin):
    heads = mannequin.heads
    arm = heads["hand.L"] - heads["upper_arm.L"]
    drop = np.degrees(np.arcsin(-arm[2] / np.linalg.norm(arm)))
    assert 40.0 <= drop <= 50.0


def test_elbows_and_knees_are_bent_a_little_the_natural_way(mannequin):
    heads = mannequin.heads
    for names, way in (
        (("upper_arm.L", "forearm.L", "hand.L"), 1.0),  # The elbow points back.
        (("thigh.L", "shin.L", "foot.L"), -1.0),  # The knee points ahead.
    ):
        a, b, c = (heads[name] for name in names)
        upper, lower = b - a, c - b
        cosine = upper @ lower / np.linalg.norm(upper) / np.linalg.norm(lower)
        assert 2.0 <= np.degrees(np.arccos(cosine)) <= 4.0
        assert way * (b - (a + c) / 2)[1] > 0.0


@pytest.mark.parametrize(
    ("bone", "following", "way"),
    [
        ("forearm.L", "hand.L", (0.0, -1.0, 0.0)),
        ("shin.L", "foot.L", (0.0, 1.0, 0.0)),
        ("index_01.L", "index_02.L", (-0.7, 0.0, -0.7)),
        ("spine", "chest", (0.0, -1.0, 0.0)),
    ],
)
@pytest.mark.parametrize("side", [".L", ".R"])
def test_joints_bend_by_positive_turns_about_local_x(
    mannequin, bone, following, way, side
):
    way = np.array(way) * ([-1, 1, 1] if side == ".R" else [1, 1, 1])
    bone, following = bone.replace(".L", side), following.replace(".L", side)
    lever = mannequin.heads[following] - mannequin.heads[bone]
    swing = np.cross(mannequin.x_axes[bone], lever / np.linalg.norm(lever))
    assert swing @ way > 0.95


def test_weights_sum_to_one_over_at_most_four_bones(mannequin):
    assert max(map(len, mannequin.weights)) <= 4
    sums = np.array([sum(weights.values()) for weights in mannequin.weights])
    np.testing.assert_allclose(sums, 1.0, atol=1e-3)


def test_every_bone_moves_something(mannequin):
    moved = {name for weights in mannequin.weights for name in weights}
    assert moved == set(mannequin.heads)


def test_both_sides_are_alike(mannequin):
    mirror = np.array([-1.0, 1.0, 1.0])
    for name, head in mannequin.heads.items():
        twin = mannequin.heads[mirrored(name)]
        np.testing.assert_allclose(twin, head * mirror, atol=1e-3)
        assert mannequin.parents[mirrored(name)] == mirrored(mannequin.parents[name])
    assert distance_to_nearest(mannequin.xyz * mirror, mannequin.xyz) < 1e-3


def test_every_part_is_closed(mannequin):
    """Each edge belongs to two triangles once the seams of materials are welded."""
    places, welded = np.unique(
        np.rint(mannequin.xyz * 1e5).astype(int), axis=0, return_inverse=True
    )
    corners = welded.reshape(-1)[mannequin.corners]
    flat = (corners == np.roll(corners, 1, axis=1)).any(axis=1)
    edges = Counter(
        tuple(sorted((a, b)))
        for triangle in corners[~flat].tolist()
        for a, b in zip(triangle, triangle[1:] + triangle[:1])
    )
    odd = [edge for edge, count in edges.items() if count % 2]
    assert len(places) > 5000
    assert not odd


def test_the_script_makes_the_same_character_again(bpy_python, mannequin, tmp_path):
    again = tmp_path / "again.glb"
    subprocess.run(
        [bpy_python, str(ROOT / "scripts" / "make_mannequin.py"), "--out", again],
        check=True,
        capture_output=True,
    )
    remade = import_glb(again)
    assert remade.parents == mannequin.parents
    for name, head in mannequin.heads.items():
        np.testing.assert_allclose(remade.heads[name], head, atol=1e-5)
    np.testing.assert_allclose(remade.xyz, mannequin.xyz, atol=1e-5)
    assert remade.weights[::50] == [
        pytest.approx(weights, abs=1e-3) for weights in mannequin.weights[::50]
    ]
