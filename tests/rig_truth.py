# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone plays which main role in characters that people know: written by hand.

Nothing here comes from the code that is tested with it. `a|b` means that either bone
is right. `{S}` stands for Left or Right, `{s}` for L or R, `{x}` for l or r and
`{side}` for left or right, the character's own.
"""

CENTRE = ("hips", "chest", "neck", "head")
PAIRED = (
    "clavicle", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe",
)  # fmt: skip
ROLES = CENTRE + tuple(
    f"{side}_{part}" for side in ("left", "right") for part in PAIRED
)


def _family(centre: str, paired: str) -> dict[str, str]:
    """Return bone names of all roles; `-` is a role that the family lacks."""
    bones = dict(zip(CENTRE, centre.split()))
    for side in ("left", "right"):
        letter = side[0]
        for part, name in zip(PAIRED, paired.split()):
            bones[f"{side}_{part}"] = name.format(
                S=side.capitalize(), s=letter.upper(), x=letter, side=side
            )
    assert bones.keys() == set(ROLES)
    return {role: name for role, name in bones.items() if name != "-"}


MANNEQUIN = _family(
    "hips upper_chest neck head",
    "shoulder.{s} upper_arm.{s} forearm.{s} hand.{s} "
    "thigh.{s} shin.{s} foot.{s} toe.{s}",
)
MIXAMO = _family(
    "mixamorig:Hips mixamorig:Spine2 mixamorig:Neck mixamorig:Head",
    "mixamorig:{S}Shoulder mixamorig:{S}Arm mixamorig:{S}ForeArm mixamorig:{S}Hand "
    "mixamorig:{S}UpLeg mixamorig:{S}Leg mixamorig:{S}Foot mixamorig:{S}ToeBase",
)
UNREAL = _family(
    "pelvis spine_03 neck_01 head",
    "clavicle_{x} upperarm_{x} lowerarm_{x} hand_{x} "
    "thigh_{x} calf_{x} foot_{x} ball_{x}",
)
CMU = _family(
    "Hips Spine1 Neck|Neck1 Head",
    "{S}Shoulder {S}Arm {S}ForeArm {S}Hand {S}UpLeg {S}Leg {S}Foot {S}ToeBase",
)
# Every bone carries the name of the joint at its end.
OPENPOSE = _family(
    "MidHip - - Neck",
    "{s}Shoulder {s}Elbow {s}Wrist - {s}Knee {s}Ankle {s}BigToe {s}SmallToe",
)
RIGIFY = _family(
    "spine spine.003 spine.004|spine.005 spine.006",
    "shoulder.{s} upper_arm.{s} forearm.{s} hand.{s} "
    "thigh.{s} shin.{s} foot.{s} toe.{s}",
)
# MakeHuman's metarig has one more bone in its back.
RIGIFY_MAKEHUMAN = {**RIGIFY, "chest": "spine.004", "neck": "spine.005"}
MOTIONBUILDER = _family(
    "Pelvis Spine3 Neck Head",
    "{S}Shoulder {S}Arm {S}ForeArm {S}Hand {S}UpLeg {S}Leg {S}Foot {S}FootThumb1",
)
KAYKIT = _family(
    "hips chest - head",
    "- upperarm.{x} lowerarm.{x} wrist.{x}|hand.{x} "
    "upperleg.{x} lowerleg.{x} foot.{x} toes.{x}",
)
VRM_SMALL = _family(
    "hips chest neck head",
    "- upper_arm.{s} lower_arm.{s} hand.{s} upper_leg.{s} lower_leg.{s} foot.{s} -",
)
VRM_FULL = VRM_SMALL | _family(
    "- - - -",
    "shoulder.{s} - - - - - - toes.{s}",
)
VRM_SPHERE = _family(
    "Hips UpperChest Neck Head",
    "Shoulder.{s} UpperArm.{s} LowerArm.{s} Hand.{s} "
    "UpperLeg.{s} LowerLeg.{s} Foot.{s} Toes.{s}",
)
VRM_ROBOT = _family(
    "hips spine - head",
    "- {side}UpperArm {side}LowerArm {side}Hand "
    "{side}UpperLeg {side}LowerLeg {side}Foot -",
)

# Below the folder of characters, but for the first.
FILES: dict[str, dict[str, str]] = {
    "mannequin.glb": MANNEQUIN,
    "mpfb2_glb/male_adult__mixamo.glb": MIXAMO,
    "mpfb2_glb/male_heavy__mixamo_unity.glb": MIXAMO,
    "mpfb2_glb/female_adult__ue4_game_engine.glb": UNREAL,
    "mpfb2_glb/boy_child__cmu_mb.glb": CMU,
    "mpfb2_glb/female_tall__rigify_metarig.glb": RIGIFY_MAKEHUMAN,
    "mpfb2_glb/female_old_short__openpose.glb": OPENPOSE,
    "ozz_pab/skeleton.fbx": {**MOTIONBUILDER, "left_hand": "Lefthand"},
    "kaykit/mannequin_v2/manny_med_mod.gltf": KAYKIT,
    "kaykit/anim/Med_General.glb": KAYKIT,
    "vrm/Example.vrm": VRM_FULL,
    "vrm/in/sphere.vrm": VRM_SPHERE,
    "vrm/in/triangle.vrm": VRM_SMALL,
    "vrm/broken/human_bone.vrm": VRM_SMALL,
    "vrm/out_4.5/basic_armature_vrm1.vrm": VRM_FULL,
    "vrm/out_4.5/blend/multi_root_armature_vrm1.vrm": VRM_SMALL,
    "vrm/out_4.5/blend/poselib_changed_position_rest.vrm": VRM_FULL,
    "vrm/out_4.5/blend/rest_a_pose_t_position_rest.vrm": VRM_FULL,
    "vrm/out_4.5/blend/non_humanoid.vrm": VRM_ROBOT,
}
# Which bones show the pose of what Rigify generates; its controls have other names.
RIGIFY_ORIGINAL = {
    role: "|".join(f"ORG-{name}" for name in names.split("|"))
    for role, names in RIGIFY.items()
}
# Name: file that Rigify's human is saved in, object, truth.
RIGIFY_MADE = {
    "rigify metarig": ("human-faceless_metarig", "metarig", RIGIFY),
    "rigify generated": ("human-faceless", "rig", RIGIFY_ORIGINAL),
}


def bones_of(truth: dict[str, str], available: set[str]) -> dict[str, str]:
    """Return each role's bone, the first of several that the armature has."""
    chosen = {
        role: next((name for name in names.split("|") if name in available), "")
        for role, names in truth.items()
    }
    return {role: name for role, name in chosen.items() if name}
