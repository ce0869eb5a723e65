# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, end to end: true joints in, the very limbs on the character out."""

import bpy
import numpy as np
import pytest

from tests.blender.rigs import add_humanoid, heads
from tests.humanoid import ROW, SIDES, moving, person_like, seen_by_camera
from vitpose_blender.blender import animate, character, load
from vitpose_blender.core.camera_model import Camera
from vitpose_blender.core.retarget import bone_target_names
from vitpose_blender.core.rotations import unit
from vitpose_blender.data_files import data_folder

MANNEQUIN = data_folder("resources") / "characters" / "mannequin.glb"
CAMERA = Camera((1280, 720))
LIMBS = [  # Joint and next joint of the person, role and next role of the character.
    (f"{side}_{a}", f"{side}_{b}", f"{side}_{bone}", f"{side}_{following}")
    for side in SIDES
    for a, b, bone, following in (
        ("shoulder", "elbow", "upper_arm", "forearm"),
        ("elbow", "wrist", "forearm", "hand"),
        ("hip", "knee", "thigh", "shin"),
        ("knee", "ankle", "shin", "foot"),
    )
]
# One that waves, one that runs, one that sits, one that falls over.
CLIPS = ["base__Dance_Loop", "base__Sprint_Loop", "base__Sitting_Enter", "base__Roll"]


def synthetic(armature, seconds=3.0, fps=30.0, speed=0.0):
    """Return joints of a person built like the character, walking at a speed [m/s]."""
    standing = person_like(character.read_rig_rest(armature))
    times = 5.0 + np.arange(round(seconds * fps)) / fps
    path = np.outer(times - times[0], (speed, 0.0, 0.0))
    return seen_by_camera(moving(standing, times), path, times)


def mocap(shared, clip):
    """Return the joints of a motion capture clip, as the camera would see them."""
    path = shared / "data" / "mocap" / "mesh2motion.npz"
    if not path.is_file():
        pytest.skip("no motion capture among the shared data")
    with np.load(path, allow_pickle=False) as data:
        row = data["clips"].tolist().index(clip)
        part = slice(*data["starts"][row : row + 2])
        xyz = np.concatenate([data["coco17"][part], data["extra"][part]], axis=1)
        times = np.arange(len(xyz)) / float(data["fps"][row])
    x, y, z = np.moveaxis(xyz.astype(np.float64), -1, 0)
    world = np.stack([x, -z, y], axis=-1)
    pelvis = world[:, ROW["pelvis"]]
    return seen_by_camera(world - pelvis[:, np.newaxis], pelvis, times)


def limb_errors(armature, rest, joints):
    """Return the angles between the character's and the person's limbs [deg].

    The scene plays at the joints' own rate.
    """
    world_from_camera = CAMERA.world_from_camera
    bones = dict(zip(bone_target_names(rest), rest.names))
    errors = []
    for frame, joint in enumerate(joints, start=bpy.context.scene.frame_start):
        bpy.context.scene.frame_set(frame)
        place, xyz = heads(armature), joint.xyz @ world_from_camera.T
        for start, end, bone, following in LIMBS:
            ours = unit(place[bones[following]] - place[bones[bone]])
            theirs = unit(xyz[ROW[end]] - xyz[ROW[start]])
            sine = np.linalg.norm(np.cross(ours, theirs))
            errors.append(np.degrees(np.arctan2(sine, ours @ theirs)))
    return np.array(errors)


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("name", ["mannequin", "male_adult__mixamo"])
def test_true_motion_arrives_on_the_character(shared, name, clip):
    path = shared / "data" / "rigs" / "mpfb2_glb" / f"{name}.glb"
    joints = mocap(shared, clip)
    armature = load.load_character(MANNEQUIN if name == "mannequin" else path)
    animate.set_scene_fps(30)
    animate.animate(armature, joints, CAMERA)
    errors = limb_errors(armature, character.read_rig_rest(armature), joints)
    assert np.median(errors) < 0.5
    assert np.percentile(errors, 99) < 3


def test_a_persons_motion_arrives_on_the_mannequin():
    armature = load.load_character(MANNEQUIN)
    joints = synthetic(armature)
    animate.set_scene_fps(30)

    made = animate.animate(armature, joints, CAMERA)

    rest = character.read_rig_rest(armature)
    errors = limb_errors(armature, rest, joints)
    assert np.median(errors) < 0.1
    assert np.percentile(errors, 99) < 0.5
    assert made.num_frames == len(joints)
    assert made.num_bones == len(rest.names)
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (1, 90)


def test_one_new_action_stays_and_nothing_else_of_ours():
    armature = add_humanoid()
    before = sorted(bpy.data.objects.keys()), sorted(bpy.data.collections.keys())
    made = animate.animate(armature, synthetic(armature), CAMERA)
    assert bpy.data.actions.keys() == [made.action]
    assert armature.animation_data.action.name == made.action
    assert before == (
        sorted(bpy.data.objects.keys()),
        sorted(bpy.data.collections.keys()),
    )
    assert not [c for bone in armature.pose.bones for c in bone.constraints]


def test_each_time_makes_another_action():
    armature = add_humanoid()
    joints = synthetic(armature, seconds=0.5)
    names = {animate.animate(armature, joints, CAMERA).action for _ in range(2)}
    assert len(names) == 2
    assert set(bpy.data.actions.keys()) == names


@pytest.mark.parametrize(("source", "scene"), [(60, 24), (25, 60), (30, 29.97)])
def test_a_walk_keeps_its_real_speed_in_any_scene(source, scene):
    armature = add_humanoid()
    joints = synthetic(armature, seconds=2.0, fps=source, speed=1.0)
    animate.set_scene_fps(scene)
    made = animate.animate(armature, joints, CAMERA)

    assert animate.scene_fps() == pytest.approx(scene)
    assert made.num_frames == pytest.approx(2 * scene, abs=2)
    places = []
    for seconds in (0.5, 1.5):
        frame = made.frame_start + seconds * scene
        bpy.context.scene.frame_set(int(frame), subframe=frame % 1.0)
        now, rest = heads(armature), character.read_rig_rest(armature)
        hips = [now[rest.names[rest.index[f"{side}_thigh"]]] for side in SIDES]
        places.append(np.mean(hips, axis=0))
    np.testing.assert_allclose((places[1] - places[0])[:2], (1, 0), atol=2e-3)


def test_progress_comes_and_an_interruption_leaves_no_trace():
    armature = add_humanoid()
    before = sorted(bpy.data.objects.keys())
    shares = []

    def stop_half_way(share):
        shares.append(share)
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        animate.animate(armature, synthetic(armature), CAMERA, progress=stop_half_way)
    assert shares == sorted(shares)
    assert sorted(bpy.data.objects.keys()) == before
    assert not bpy.data.actions
    assert armature.animation_data is None


def test_a_single_frame_makes_a_single_key():
    armature = add_humanoid()
    made = animate.animate(armature, synthetic(armature)[:1], CAMERA)
    assert made.num_frames == 1
    assert bpy.context.scene.frame_end == bpy.context.scene.frame_start


@pytest.mark.parametrize("fps", [1, 12.5, 23.976, 24, 25, 29.97, 30, 59.94, 60, 240])
def test_a_scene_gets_exactly_the_rate_it_should(fps):
    animate.set_scene_fps(fps)
    assert animate.scene_fps() == pytest.approx(fps, rel=1e-6)


@pytest.mark.parametrize(
    ("nominal", "step", "wanted"),
    [
        (None, 1 / 30, 30.0),
        (None, 0.0334, 30.0),
        (None, 1 / 59.94, 60.0),
        (None, 1 / 15, 15.0),
        (29.97, 1 / 30, 29.97),
        (12.0, 1 / 30, 12.0),
    ],
)
def test_a_clip_plays_at_its_own_rate(nominal, step, wanted, rng):
    times = np.arange(50) * step
    assert animate.natural_fps(nominal, times) == pytest.approx(wanted, rel=1e-6)
    if nominal is None:  # Stamps tremble, and frames get lost.
        kept = np.delete(times, [10, 30]) + rng.uniform(-1e-4, 1e-4, 48)
        assert animate.natural_fps(None, kept) == pytest.approx(wanted, rel=0.03)


def test_who_shows_no_rate_gets_an_ordinary_one():
    assert animate.natural_fps(None, [1.0]) == 30.0
    assert animate.natural_fps(None, [1.0, 1.0]) == 30.0


def clapping(armature):
    """Return joints of somebody narrower than the character whose wrists meet."""
    xyz = person_like(character.read_rig_rest(armature))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder, elbow, wrist, hand = (
            ROW[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist", "hand")
        )
        xyz[shoulder, 0] *= 0.7
        xyz[wrist] = (sign * 0.03, xyz[shoulder, 1] - 0.35, xyz[shoulder, 2] - 0.2)
        xyz[elbow] = (xyz[shoulder] + xyz[wrist]) / 2 + (sign * 0.08, 0.0, -0.15)
        xyz[hand] = xyz[wrist] + np.array([0.0, -0.08, 0.0])
    times = np.arange(3) / 30.0
    return seen_by_camera(np.tile(xyz, (3, 1, 1)), np.zeros((3, 3)), times)


def test_hands_meet_on_a_broad_character_where_that_is_wanted():
    """Whoever claps keeps clapping on broader shoulders."""
    gaps = {}
    for hands_meet in (False, True):
        load.open_empty_scene()
        armature = load.load_character(MANNEQUIN)
        joints = clapping(armature)
        following = animate.Following(hands_meet=hands_meet)
        animate.animate(armature, joints, CAMERA, following=following)
        now = heads(armature)
        gaps[hands_meet] = np.linalg.norm(now["hand.L"] - now["hand.R"])
    assert gaps[False] > 0.12
    assert gaps[True] < 0.08
