# SPDX-License-Identifier: GPL-3.0-or-later
"""What characters bring along that could disturb a binding, done to a humanoid."""

import bpy
import numpy as np
from mathutils import Matrix

from tests.blender.rigs import PREFIX, edit_bones

MODES = ("QUATERNION", "AXIS_ANGLE", "XYZ", "ZYX", "YZX")
CHANNELS = (
    "location", "rotation_quaternion", "rotation_axis_angle", "rotation_euler", "scale",
)  # fmt: skip
_SKEWED = Matrix.Rotation(0.6, 4, "X") @ Matrix.Diagonal((1.0, 1.6, 0.7, 1.0))

# How the armature object stands in the world; see `add_humanoid`.
PLACES = {
    "plain": {},
    "small": {"world": Matrix.Rotation(np.pi / 2, 4, "X") @ Matrix.Scale(0.01, 4)},
    "placed": {
        "world": Matrix.LocRotScale((1, -2, 3), Matrix.Rotation(2, 3, "Z"), (2,) * 3)
    },
    "mirrored": {"world": Matrix.Scale(-1, 4, (1, 0, 0))},
    "parented": {
        "world": Matrix.Rotation(0.7, 4, "Y") @ Matrix.Scale(0.1, 4),
        "parent": Matrix.Translation((1, 2, 0)) @ Matrix.Rotation(1, 4, "Z"),
    },
    "skewed": {"world": Matrix.Rotation(0.5, 4, "Z"), "parent": _SKEWED},
}


def pose(armature):
    """Leave every bone in some pose, in all rotation modes at once."""
    rng = np.random.default_rng(11)
    for place, bone in enumerate(armature.pose.bones):
        bone.rotation_mode = MODES[place % len(MODES)]
        for channel in CHANNELS:
            now = np.array(getattr(bone, channel))
            setattr(bone, channel, now + rng.normal(scale=0.1, size=now.shape))


def constrain(armature):
    """Give driven bones constraints, and bend them from elsewhere."""
    control = bpy.data.objects.new("Control", None)
    bpy.context.scene.collection.objects.link(control)
    control.location, control.rotation_euler = (0.5, -0.7, 1.2), (0.3, 0.8, -0.5)
    bones = armature.pose.bones
    for part, kind in (
        ("LeftArm", "LIMIT_ROTATION"), ("Hips", "LIMIT_LOCATION"),
        ("Head", "COPY_ROTATION"),
        ("Spine1", "DAMPED_TRACK"), ("RightForeArm", "IK"), ("LeftFoot", "CHILD_OF"),
        ("Neck", "COPY_TRANSFORMS"), ("RightUpLeg", "STRETCH_TO"), ("LeftHand", "IK"),
    ):  # fmt: skip
        constraint = bones[PREFIX + part].constraints.new(kind)
        constraint.name = f"Mine {kind}"
        for limit in ("use_limit_x", "use_limit_z", "use_min_x", "use_max_z"):
            if hasattr(constraint, limit):
                setattr(constraint, limit, True)
        if hasattr(constraint, "target"):
            constraint.target = control
    bones[f"{PREFIX}LeftHand"].constraints["Mine IK"].chain_count = 3
    bones[f"{PREFIX}RightForeArm"].constraints["Mine IK"].chain_count = 2
    bones[f"{PREFIX}Head"].constraints.new("LIMIT_SCALE").mute = True


def bend_from_tip(armature):
    """Let an IK constraint on an undriven bone bend the arm above it."""
    with edit_bones(armature) as bones:
        hand, tip = bones[f"{PREFIX}LeftHand"], bones.new("Tip")
        tip.head, tip.tail = hand.tail, hand.tail + (hand.tail - hand.head)
        tip.parent = hand
    ik = armature.pose.bones["Tip"].constraints.new("IK")
    ik.target = bpy.data.objects.new("Lure", None)
    bpy.context.scene.collection.objects.link(ik.target)
    ik.use_tail = False


def drive(armature):
    """Move driven bones, a constraint and a switch by drivers."""
    bones = armature.pose.bones
    limit = bones[f"{PREFIX}LeftArm"].constraints.new("LIMIT_ROTATION")
    limit.use_limit_x = True
    head = bones[f"{PREFIX}Head"]
    head["turns"] = 0.25
    for item, name, index in (
        (bones[f"{PREFIX}Spine"], "location", 1), (head, "rotation_euler", 0),
        (bones[f"{PREFIX}RightArm"], "scale", 2), (limit, "influence", -1),
        (bones[f"{PREFIX}LeftLeg"], "rotation_quaternion", 3), (limit, "mute", -1),
        (bones[f"{PREFIX}RightLeg"], "lock_ik_x", -1),
    ):  # fmt: skip
        curve = item.driver_add(name, index)
        curve.driver.expression = "0.6 + turns * 0"
        variable = curve.driver.variables.new()
        variable.name = "turns"
        variable.targets[0].id = armature
        variable.targets[0].data_path = f'pose.bones["{head.name}"]["turns"]'
    head.rotation_mode = "XYZ"


def lock(armature):
    """Lock, limit and stiffen every bone."""
    for bone in armature.pose.bones:
        bone.lock_location = bone.lock_rotation = bone.lock_scale = (True,) * 3
        bone.lock_rotation_w = bone.lock_rotations_4d = True
        bone.ik_stretch = 0.3
        for axis in "xyz":
            setattr(bone, f"lock_ik_{axis}", axis == "x")
            setattr(bone, f"use_ik_limit_{axis}", True)
            setattr(bone, f"ik_min_{axis}", -0.1)
            setattr(bone, f"ik_max_{axis}", 0.2)
            setattr(bone, f"ik_stiffness_{axis}", 0.7)


def solve_otherwise(armature):
    """Use the other IK solver: by itself it never gives the same pose twice."""
    armature.pose.ik_solver = "ITASC"
    armature.pose.ik_param.precision = 0.03


def animate(armature):
    """Key some bones and the object, and pose the bones over their keys."""
    armature.animation_data_create()
    for bone in list(armature.pose.bones)[::4]:
        for channel in ("location", "rotation_quaternion", "scale"):
            for frame, value in ((1, 0.1), (40, 0.7)):
                setattr(bone, channel, np.full(len(getattr(bone, channel)), value))
                bone.keyframe_insert(channel, frame=frame)
    armature.keyframe_insert("location", frame=1)
    bpy.context.scene.frame_set(7)
    for bone in armature.pose.bones:
        bone.location = (0.03, 0.02, 0.01)


def stack(armature):
    """Play two strips below an action that is added to them by half."""
    animate(armature)
    animation = armature.animation_data
    for name in ("Low", "High"):
        strip = animation.nla_tracks.new().strips.new(name, 1, animation.action)
        strip.name = name
    animation.action_blend_type, animation.action_influence = "ADD", 0.5


def rest_position(armature):
    """Show the armature as it is at rest."""
    pose(armature)
    armature.data.pose_position = "REST"


def link_limbs(armature):
    """Put posed and constrained bones that nobody drives into arms and legs."""
    with edit_bones(armature) as bones:
        for upper, lower in (("LeftArm", "LeftForeArm"), ("RightUpLeg", "RightLeg")):
            link = bones.new(f"link {upper}")
            above, below = bones[PREFIX + upper], bones[PREFIX + lower]
            link.head, link.tail = above.head.lerp(below.head, 0.6), below.head
            link.parent, below.parent = above, link
            link.roll = 1.0
            below.use_connect = True
    for name in ("link LeftArm", "link RightUpLeg"):
        bone = armature.pose.bones[name]
        bone.rotation_quaternion = (0.9, 0.3, 0.1, 0.2)
        bone.constraints.new("COPY_ROTATION").target = _lure()


def rig_trunk(armature):
    """Hang chest and left thigh on bones that a control rig moves by itself."""
    with edit_bones(armature) as bones:
        for name in ("Spine2", "LeftUpLeg", "Neck"):
            below, between = bones[PREFIX + name], bones.new(f"MCH {name}")
            between.head, between.tail = below.head, below.tail
            between.head.x += 0.05 * (name != "Neck")
            between.parent, below.parent = below.parent, between
    for name, kind in (
        ("Spine2", "COPY_TRANSFORMS"), ("LeftUpLeg", "COPY_ROTATION"),
        ("Neck", "COPY_ROTATION"),
    ):  # fmt: skip
        constraint = armature.pose.bones[f"MCH {name}"].constraints.new(kind)
        constraint.target = _lure()
        constraint.owner_space = constraint.target_space = "LOCAL"
        constraint.influence = 0.5


def connect_to_root(armature):
    """Hang the hips on the tail of a root, from which they cannot move."""
    with edit_bones(armature) as bones:
        hips, root = bones[f"{PREFIX}Hips"], bones.new("Root")
        root.head, root.tail = (hips.head.x, hips.head.y + 0.3, 0.1), hips.head
        hips.parent, hips.use_connect = root, True
    root = armature.pose.bones["Root"]
    root.location, root.scale = (0.3, -0.2, 0.1), (1.5,) * 3
    root.constraints.new("COPY_ROTATION").target = _lure()


def scatter(armature):
    """Hang every bone on a root that lies elsewhere, and turn what it hangs on."""
    with edit_bones(armature) as bones:
        root = bones.new("Root")
        root.head, root.tail = (0, 0.5, 0), (0, 0.9, 0)
        for bone in bones:
            bone.use_connect = False
        bones[f"{PREFIX}Hips"].parent = bones[f"{PREFIX}LeftUpLeg"].parent = root
        bones[f"{PREFIX}RightArm"].parent = root
    armature.pose.bones["Root"].rotation_quaternion = (0.8, 0.2, 0.3, 0.1)


def _lure():
    name = "Lure"
    if name not in bpy.data.objects:
        lure = bpy.data.objects.new(name, None)
        bpy.context.scene.collection.objects.link(lure)
        lure.location, lure.rotation_euler = (0.2, -0.1, 0.15), (0.4, -0.3, 0.5)
    return bpy.data.objects[name]


TROUBLES = {
    "nothing": lambda armature: None,
    "posed": pose,
    "constrained": constrain,
    "bent from its tip": bend_from_tip,
    "driven": drive,
    "locked": lock,
    "solved otherwise": solve_otherwise,
    "animated": animate,
    "stacked": stack,
    "at rest": rest_position,
    "linked limbs": link_limbs,
    "rigged trunk": rig_trunk,
    "connected to a root": connect_to_root,
    "scattered": scatter,
}
