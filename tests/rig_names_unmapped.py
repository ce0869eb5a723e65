# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone names of rigs that no map is shipped for, and which bone plays which role.

Written as in `rig_names`; a role is followed by its bones.
"""

from tests.rig_names import RigNames, both_sides, rig_names

_TEXTS = {
    "Synty": (
        """
Root > Hips
  UpperLeg_{s} > LowerLeg_{s} > Ankle_{s} > Ball_{s} > Toes_{s}
  Spine_01 > Spine_02 > Spine_03
    Neck > Head
      Eyes
      Eyebrows
    Clavicle_{s} > Shoulder_{s} > Elbow_{s} > Hand_{s}
      Thumb_01_{s} > Thumb_02_{s} > Thumb_03_{s}
      IndexFinger_01_{s} > IndexFinger_02_{s} > IndexFinger_03_{s}
      Finger_01_{s} > Finger_02_{s} > Finger_03_{s}
""",
        """
hips Hips
spine Spine_01 Spine_02 Spine_03
neck Neck
head Head
{d}_clavicle Clavicle_{s}
{d}_upper_arm Shoulder_{s}
{d}_forearm Elbow_{s}
{d}_hand Hand_{s}
{d}_thigh UpperLeg_{s}
{d}_shin LowerLeg_{s}
{d}_foot Ankle_{s}
{d}_toe Ball_{s}
{d}_thumb Thumb_01_{s} Thumb_02_{s} Thumb_03_{s}
{d}_index IndexFinger_01_{s} IndexFinger_02_{s} IndexFinger_03_{s}
""",
    ),
    "Second Life": (
        """
mPelvis
  mTorso > mChest
    mNeck > mHead
      mSkull
      mEye{S}
    mCollar{S} > mShoulder{S} > mElbow{S} > mWrist{S}
      mHandThumb1{S} > mHandThumb2{S} > mHandThumb3{S}
  mHip{S} > mKnee{S} > mAnkle{S} > mFoot{S} > mToe{S}
""",
        """
hips mPelvis
spine mTorso mChest
neck mNeck
head mHead
{d}_eye mEye{S}
{d}_clavicle mCollar{S}
{d}_upper_arm mShoulder{S}
{d}_forearm mElbow{S}
{d}_hand mWrist{S}
{d}_thumb mHandThumb1{S} mHandThumb2{S} mHandThumb3{S}
{d}_thigh mHip{S}
{d}_shin mKnee{S}
{d}_foot mAnkle{S}
{d}_toe mToe{S}
""",
    ),
    "Rokoko": (
        """
Root > Hips
  {S}Thigh > {S}Shin > {S}Foot > {S}Toe > {S}ToeTip
  Spine1 > Spine2 > Spine3 > Spine4
    {S}Shoulder > {S}Arm > {S}ForeArm > {S}Hand
    Neck > Head
""",
        """
hips Hips
spine Spine1 Spine2 Spine3 Spine4
neck Neck
head Head
{d}_clavicle {S}Shoulder
{d}_upper_arm {S}Arm
{d}_forearm {S}ForeArm
{d}_hand {S}Hand
{d}_thigh {S}Thigh
{d}_shin {S}Shin
{d}_foot {S}Foot
{d}_toe {S}Toe
""",
    ),
    "Kinect": (
        """
PELVIS
  SPINE_NAVAL > SPINE_CHEST
    NECK > HEAD
      EYE_{D}
      EAR_{D}
      NOSE
    CLAVICLE_{D} > SHOULDER_{D} > ELBOW_{D} > WRIST_{D} > HAND_{D} > HANDTIP_{D}
  HIP_{D} > KNEE_{D} > ANKLE_{D} > FOOT_{D}
""",
        """
hips PELVIS
spine SPINE_NAVAL SPINE_CHEST
neck NECK
head HEAD
{d}_eye EYE_{D}
{d}_clavicle CLAVICLE_{D}
{d}_upper_arm SHOULDER_{D}
{d}_forearm ELBOW_{D}
{d}_hand WRIST_{D}
{d}_thigh HIP_{D}
{d}_shin KNEE_{D}
{d}_foot ANKLE_{D}
{d}_toe FOOT_{D}
""",
    ),
    "Hearts of Iron": (
        """
Root
  Hip
    {S}UpLeg > {S}Leg > {S}Foot > {S}ToeBase
    back_mid
      {S}Shoulder > {S}Arm > {S}ForeArm > {S}ForeArmRoll > {S}Hand
        {S}_Hand_node
        {S}_Hand_node_2
      head
      mid_back_node
  Root_node_1
""",
        """
hips Hip
spine back_mid
head head
{d}_clavicle {S}Shoulder
{d}_upper_arm {S}Arm
{d}_forearm {S}ForeArm
{d}_forearm_twist {S}ForeArmRoll
{d}_hand {S}Hand
{d}_thigh {S}UpLeg
{d}_shin {S}Leg
{d}_foot {S}Foot
{d}_toe {S}ToeBase
""",
    ),
    "helpers at the knees": (
        """
Master > Root > Pelvis
  {s}_Thigh
    {s}_ThighTwist
    {s}_Knee
    {s}_Calf
      {s}_CalfTwist
      {s}_Calf_Skirt
      {s}_Foot > {s}_Toe0
  Spine > Spine1 > Spine2
    Neck > Head
    {s}_Clavicle > {s}_UpperArm
      {s}_UpArmTwist
      {s}_Forearm
        {s}_ForeArmTwist
        {s}_Hand > {s}_Weapon
""",
        """
hips Pelvis
spine Spine Spine1 Spine2
neck Neck
head Head
{d}_clavicle {s}_Clavicle
{d}_upper_arm {s}_UpperArm
{d}_upper_arm_twist {s}_UpArmTwist
{d}_forearm {s}_Forearm
{d}_forearm_twist {s}_ForeArmTwist
{d}_hand {s}_Hand
{d}_thigh {s}_Thigh
{d}_thigh_twist {s}_ThighTwist
{d}_shin {s}_Calf
{d}_shin_twist {s}_CalfTwist
{d}_foot {s}_Foot
{d}_toe {s}_Toe0
""",
    ),
    "sides before lower case": (
        """
center
  {x}upleg > {x}lowleg > {x}foot
  spinelow > spineup
    neckbone > headbone
    {x}shoulder > {x}upperarm > {x}lowerarm > {x}hand
""",
        """
hips center
spine spinelow spineup
neck neckbone
head headbone
{d}_clavicle {x}shoulder
{d}_upper_arm {x}upperarm
{d}_forearm {x}lowerarm
{d}_hand {x}hand
{d}_thigh {x}upleg
{d}_shin {x}lowleg
{d}_foot {x}foot
""",
    ),
    "numbered limbs": (
        """
hips
  leg{s}1 > leg{s}2 > foot{s}
  spine
    head
    arm{s}1 > arm{s}2 > hand{s}
""",
        """
hips hips
spine spine
head head
{d}_upper_arm arm{s}1
{d}_forearm arm{s}2
{d}_hand hand{s}
{d}_thigh leg{s}1
{d}_shin leg{s}2
{d}_foot foot{s}
""",
    ),
    "Khronos' walking man": (
        """
Skeleton_torso_joint_1
  leg_joint_{s}_1 > leg_joint_{s}_2 > leg_joint_{s}_3 > leg_joint_{s}_5
  Skeleton_torso_joint_2 > torso_joint_3
    Skeleton_neck_joint_1 > Skeleton_neck_joint_2
    Skeleton_arm_joint_{s}__4_ > Skeleton_arm_joint_{s}__3_ > Skeleton_arm_joint_{s}__2_
""",
        """
hips Skeleton_torso_joint_1
spine Skeleton_torso_joint_2 torso_joint_3
neck Skeleton_neck_joint_1
head Skeleton_neck_joint_2
{d}_upper_arm Skeleton_arm_joint_{s}__4_
{d}_forearm Skeleton_arm_joint_{s}__3_
{d}_hand Skeleton_arm_joint_{s}__2_
{d}_thigh leg_joint_{s}_1
{d}_shin leg_joint_{s}_2
{d}_foot leg_joint_{s}_3
{d}_toe leg_joint_{s}_5
""",
    ),
    "fox, numbered by its exporter": (
        """
_rootJoint > b_Root_00 > b_Hip_01
  b_Spine01_02 > b_Spine02_03
    b_Neck_04 > b_Head_05
    b_{S}UpperArm_{n:02} > b_{S}ForeArm_{n:02}1 > b_{S}Hand_{n:02}2
  b_Tail01_012 > b_Tail02_013 > b_Tail03_014
  b_{S}Leg01_{n:02}3 > b_{S}Leg02_{n:02}4 > b_{S}Foot01_{n:02}5 > b_{S}Foot02_{n:02}6
""",
        """
hips b_Hip_01
spine b_Spine01_02 b_Spine02_03
neck b_Neck_04
head b_Head_05
tail b_Tail01_012 b_Tail02_013 b_Tail03_014
{d}_upper_arm b_{S}UpperArm_{n:02}
{d}_forearm b_{S}ForeArm_{n:02}1
{d}_hand b_{S}Hand_{n:02}2
{d}_thigh b_{S}Leg01_{n:02}3
{d}_shin b_{S}Leg02_{n:02}4
{d}_foot b_{S}Foot01_{n:02}5
{d}_toe b_{S}Foot02_{n:02}6
""",
    ),
    "Valve": (
        """
ValveBiped.Bip01_Pelvis
  ValveBiped.Bip01_{s}_Thigh > ValveBiped.Bip01_{s}_Calf > ValveBiped.Bip01_{s}_Foot
  ValveBiped.Bip01_Spine > ValveBiped.Bip01_Spine1 > ValveBiped.Bip01_Spine2
    ValveBiped.Bip01_Neck1 > ValveBiped.Bip01_Head1 > ValveBiped.forward
    ValveBiped.Bip01_{s}_Clavicle > ValveBiped.Bip01_{s}_UpperArm > ValveBiped.Bip01_{s}_Forearm > ValveBiped.Bip01_{s}_Hand
      ValveBiped.Bip01_{s}_Finger0 > ValveBiped.Bip01_{s}_Finger01
      ValveBiped.Bip01_{s}_Finger1 > ValveBiped.Bip01_{s}_Finger11
      ValveBiped.Bip01_{s}_Finger2 > ValveBiped.Bip01_{s}_Finger21
      ValveBiped.Bip01_{s}_Finger3 > ValveBiped.Bip01_{s}_Finger31
      ValveBiped.Bip01_{s}_Finger4 > ValveBiped.Bip01_{s}_Finger41
""",  # noqa: E501
        """
hips ValveBiped.Bip01_Pelvis
spine ValveBiped.Bip01_Spine ValveBiped.Bip01_Spine1 ValveBiped.Bip01_Spine2
neck ValveBiped.Bip01_Neck1
head ValveBiped.Bip01_Head1
{d}_clavicle ValveBiped.Bip01_{s}_Clavicle
{d}_upper_arm ValveBiped.Bip01_{s}_UpperArm
{d}_forearm ValveBiped.Bip01_{s}_Forearm
{d}_hand ValveBiped.Bip01_{s}_Hand
{d}_thigh ValveBiped.Bip01_{s}_Thigh
{d}_shin ValveBiped.Bip01_{s}_Calf
{d}_foot ValveBiped.Bip01_{s}_Foot
{d}_thumb ValveBiped.Bip01_{s}_Finger0 ValveBiped.Bip01_{s}_Finger01
{d}_index ValveBiped.Bip01_{s}_Finger1 ValveBiped.Bip01_{s}_Finger11
{d}_middle ValveBiped.Bip01_{s}_Finger2 ValveBiped.Bip01_{s}_Finger21
{d}_ring ValveBiped.Bip01_{s}_Finger3 ValveBiped.Bip01_{s}_Finger31
{d}_pinky ValveBiped.Bip01_{s}_Finger4 ValveBiped.Bip01_{s}_Finger41
""",
    ),
    "dog": (
        """
Root
  Spine1 > Spine2 > Spine3
    Neck > Head > Jaw
    {S}Scapula > {S}UpperArm > {S}ForeLeg > {S}FrontPaw
  {S}Thigh > {S}Shin > {S}Hock > {S}HindPaw
  Tail1 > Tail2 > Tail3
""",
        """
hips Root
spine Spine1 Spine2 Spine3
neck Neck
head Head
jaw Jaw
tail Tail1 Tail2 Tail3
{d}_clavicle {S}Scapula
{d}_upper_arm {S}UpperArm
{d}_forearm {S}ForeLeg
{d}_hand {S}FrontPaw
{d}_thigh {S}Thigh
{d}_shin {S}Shin
{d}_foot {S}Hock
{d}_toe {S}HindPaw
""",
    ),
}


def _roles(text: str) -> dict[str, tuple[str, ...]]:
    lines = [line.split() for _, line in both_sides(text)]
    return {role: tuple(bones) for role, *bones in lines}


# Bones and true roles of each.
UNMAPPED: dict[str, tuple[RigNames, dict[str, tuple[str, ...]]]] = {
    name: (rig_names(bones), _roles(roles)) for name, (bones, roles) in _TEXTS.items()
}
