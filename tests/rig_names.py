# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone names and hierarchies of rig families as the programs write them.

A line is a bone, or a chain of them with `>` between; what is indented hangs on the
last. A line with a side in braces stands for both sides, and so does what hangs on it:
`{S}` is Left or Right, `{s}` L or R, `{x}` l or r, `{d}` left or right, `{D}` LEFT or
RIGHT, `{j}` the Japanese sign and `{n}` a number, the character's own.
"""

from dataclasses import dataclass

_SIGNS = {"Left": "左", "Right": "右"}


@dataclass(frozen=True)
class RigNames:
    """The bones of one character.

    Attributes:
        names: Every bone's name.
        parents: The row of its parent, -1 for none.
        sides: `left`, `right`, or "" for the middle.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    sides: tuple[str, ...]


def rig_names(text: str) -> RigNames:
    """Return the bones that an indented text describes."""
    names: list[str] = []
    parents: list[int] = []
    sides: list[str] = []
    carriers: list[tuple[int, int]] = []  # Indent and row of the bones above.
    for side, line in both_sides(text):
        while carriers and carriers[-1][0] >= _indent(line):
            carriers.pop()
        parent = carriers[-1][1] if carriers else -1
        for name in line.strip().split(" > "):
            names.append(name)
            parents.append(parent)
            sides.append(side)
            parent = len(names) - 1
        carriers.append((_indent(line), parent))
    assert len(set(names)) == len(names)
    return RigNames(tuple(names), tuple(parents), tuple(sides))


def both_sides(text: str) -> list[tuple[str, str]]:
    """Return side and line, with every subtree that has a side written out twice."""
    lines = text.strip("\n").splitlines()
    written: list[tuple[str, str]] = []
    while lines:
        line, *lines = lines
        if "{" not in line:
            written.append(("", line))
            continue
        indent = _indent(line)
        size = next(
            (n for n, below in enumerate(lines) if _indent(below) <= indent), len(lines)
        )
        subtree, lines = [line, *lines[:size]], lines[size:]
        written += [
            (side.lower(), _on_side(one, side)) for side in _SIGNS for one in subtree
        ]
    return written


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _on_side(line: str, side: str) -> str:
    return line.format(
        S=side, s=side[0], x=side[0].lower(), d=side.lower(), D=side.upper(),
        j=_SIGNS[side], n={"Left": 8, "Right": 9}[side],
    )  # fmt: skip


_MIXAMO = """
Hips
  Spine > Spine1 > Spine2
    Neck > Head > HeadTop_End
    {S}Shoulder > {S}Arm > {S}ForeArm > {S}Hand
      {S}HandThumb1 > {S}HandThumb2 > {S}HandThumb3 > {S}HandThumb4
      {S}HandIndex1 > {S}HandIndex2 > {S}HandIndex3 > {S}HandIndex4
      {S}HandMiddle1 > {S}HandMiddle2 > {S}HandMiddle3 > {S}HandMiddle4
      {S}HandRing1 > {S}HandRing2 > {S}HandRing3 > {S}HandRing4
      {S}HandPinky1 > {S}HandPinky2 > {S}HandPinky3 > {S}HandPinky4
  {S}UpLeg > {S}Leg > {S}Foot > {S}ToeBase > {S}Toe_End
"""
_READY_PLAYER_ME = _MIXAMO.replace(
    "Head > HeadTop_End", "Head\n      HeadTop_End\n      {S}Eye"
)
_NEURON = """
Hips
  {S}UpLeg > {S}Leg > {S}Foot
  Spine > Spine1 > Spine2 > Spine3
    Neck > Head
    {S}Shoulder > {S}Arm > {S}ForeArm > {S}Hand
      {S}HandThumb1 > {S}HandThumb2 > {S}HandThumb3
      {S}InHandIndex > {S}HandIndex1 > {S}HandIndex2 > {S}HandIndex3
      {S}InHandMiddle > {S}HandMiddle1 > {S}HandMiddle2 > {S}HandMiddle3
      {S}InHandRing > {S}HandRing1 > {S}HandRing2 > {S}HandRing3
      {S}InHandPinky > {S}HandPinky1 > {S}HandPinky2 > {S}HandPinky3
"""
_MOTIONBUILDER = """
Reference > Hips
  Spine > Spine1 > Spine2 > Spine3
    Neck > Head > HeadEnd
    {S}Shoulder > {S}Arm
      {S}ArmRoll
      {S}ForeArm > {S}ForeArmRoll > {S}Hand
        {S}HandThumb1 > {S}HandThumb2
  {S}UpLeg
    {S}UpLegRoll
    {S}Leg
      {S}LegRoll
      {S}Foot > {S}ToeBase > {S}ToeBaseEnd
"""
# As a 3ds Max exporter renames it: some ends and one finger keep odd names.
_BIPED_RENAMED = """
Pelvis > Spine
  {S}UpLeg > {S}Leg > {S}Foot > {S}FootThumb1 > Bip01 {s} Toe0Nub
  Spine1 > Spine2 > Spine3 > Neck
    Head > Bip01 HeadNub
    {S}Shoulder > {S}Arm > {S}ForeArm > {S}hand
      {S}HandThumb1 > {S}HandThumb2 > {S}HandThumb3 > Bip01 {s} Finger0Nub
      {S}HandIndex1 > {S}HandIndex2 > {S}HandIndex3 > Bip01 {s} Finger1Nub
      {S}HandRingPinky1 > {S}HandRingPinky2 > {S}HandRingPinky3 > Bip01 {s} Finger4Nub
"""
_CMU = """
Hips
  {s}HipJoint > {S}UpLeg > {S}Leg > {S}Foot > {S}ToeBase
  LowerBack > Spine > Spine1
    Neck > Neck1 > Head
    {S}Shoulder > {S}Arm > {S}ForeArm > {S}Hand
      {S}FingerBase > {S}HandIndex1
      {s}Thumb
"""
_UE4 = """
root
  pelvis
    spine_01 > spine_02 > spine_03
      neck_01 > head
      clavicle_{x} > upperarm_{x}
        upperarm_twist_01_{x}
        lowerarm_{x}
          lowerarm_twist_01_{x}
          hand_{x}
            index_01_{x} > index_02_{x} > index_03_{x}
            middle_01_{x} > middle_02_{x} > middle_03_{x}
            pinky_01_{x} > pinky_02_{x} > pinky_03_{x}
            ring_01_{x} > ring_02_{x} > ring_03_{x}
            thumb_01_{x} > thumb_02_{x} > thumb_03_{x}
    thigh_{x}
      thigh_twist_01_{x}
      calf_{x}
        calf_twist_01_{x}
        foot_{x} > ball_{x}
  ik_foot_root
    ik_foot_{x}
  ik_hand_root > ik_hand_gun
    ik_hand_{x}
"""
_UE5 = """
root
  pelvis
    spine_01 > spine_02 > spine_03 > spine_04 > spine_05
      neck_01 > neck_02 > head
      clavicle_{x} > upperarm_{x}
        upperarm_twist_01_{x}
        upperarm_twist_02_{x}
        lowerarm_{x}
          lowerarm_twist_01_{x}
          lowerarm_twist_02_{x}
          hand_{x}
            index_metacarpal_{x} > index_01_{x} > index_02_{x} > index_03_{x}
            middle_metacarpal_{x} > middle_01_{x} > middle_02_{x} > middle_03_{x}
            pinky_metacarpal_{x} > pinky_01_{x} > pinky_02_{x} > pinky_03_{x}
            ring_metacarpal_{x} > ring_01_{x} > ring_02_{x} > ring_03_{x}
            thumb_01_{x} > thumb_02_{x} > thumb_03_{x}
            weapon_{x}
    thigh_{x}
      thigh_twist_01_{x}
      thigh_twist_02_{x}
      calf_{x}
        calf_twist_01_{x}
        calf_twist_02_{x}
        foot_{x} > ball_{x}
  ik_foot_root
    ik_foot_{x}
  ik_hand_root > ik_hand_gun
    ik_hand_{x}
  interaction
  center_of_mass
"""
_MAKEHUMAN = """
root
  spine05 > spine04 > spine03 > spine02
    breast.{s}
    spine01
      neck01 > neck02 > neck03 > head
        jaw
        eye.{s}
        orbicularis03.{s}
      clavicle.{s} > shoulder01.{s} > upperarm01.{s} > upperarm02.{s} > lowerarm01.{s} > lowerarm02.{s} > wrist.{s}
        finger1-1.{s} > finger1-2.{s} > finger1-3.{s}
        metacarpal1.{s} > finger2-1.{s} > finger2-2.{s} > finger2-3.{s}
        metacarpal2.{s} > finger3-1.{s} > finger3-2.{s} > finger3-3.{s}
        metacarpal3.{s} > finger4-1.{s} > finger4-2.{s} > finger4-3.{s}
        metacarpal4.{s} > finger5-1.{s} > finger5-2.{s} > finger5-3.{s}
  pelvis.{s} > upperleg01.{s} > upperleg02.{s} > lowerleg01.{s} > lowerleg02.{s} > foot.{s}
    toe1-1.{s} > toe1-2.{s}
    toe2-1.{s} > toe2-2.{s} > toe2-3.{s}
    toe3-1.{s} > toe3-2.{s} > toe3-3.{s}
    toe4-1.{s} > toe4-2.{s} > toe4-3.{s}
    toe5-1.{s} > toe5-2.{s} > toe5-3.{s}
"""  # noqa: E501
_OPENPOSE = """
{s}Hip > {s}Knee > {s}Ankle
  {s}BigToe > {s}SmallToe
  {s}Heel
MidHip
  Neck
    {s}Eye > {s}Ear
  {s}Shoulder > {s}Elbow > {s}Wrist
"""
# Legs hang on the spine and collar bones on the neck unless one asks otherwise.
_BIPED = """
Bip01
  Bip01 Footsteps
  Bip01 Pelvis > Bip01 Spine
    Bip01 {s} Thigh > Bip01 {s} Calf > Bip01 {s} Foot > Bip01 {s} Toe0 > Bip01 {s} Toe0Nub
    Bip01 Spine1 > Bip01 Spine2 > Bip01 Neck
      Bip01 Head > Bip01 HeadNub
      Bip01 {s} Clavicle > Bip01 {s} UpperArm
        Bip01 {s}UpArmTwist
        Bip01 {s} Forearm
          Bip01 {s} ForeTwist > Bip01 {s} ForeTwist1
          Bip01 {s} Hand
            Bip01 {s} Finger0 > Bip01 {s} Finger01 > Bip01 {s} Finger02 > Bip01 {s} Finger0Nub
            Bip01 {s} Finger1 > Bip01 {s} Finger11 > Bip01 {s} Finger12 > Bip01 {s} Finger1Nub
            Bip01 {s} Finger2 > Bip01 {s} Finger21 > Bip01 {s} Finger22 > Bip01 {s} Finger2Nub
            Bip01 {s} Finger3 > Bip01 {s} Finger31 > Bip01 {s} Finger32 > Bip01 {s} Finger3Nub
            Bip01 {s} Finger4 > Bip01 {s} Finger41 > Bip01 {s} Finger42 > Bip01 {s} Finger4Nub
"""  # noqa: E501
_ROCKETBOX = """
Bip01 > Bip01 Pelvis
  Bip01 Spine > Bip01 Spine1 > Bip01 Spine2
    Bip01 Neck > Bip01 Head
      Bip01 MJaw
      Bip01 {s}Eye
    Bip01 {s} Clavicle > Bip01 {s} UpperArm > Bip01 {s} Forearm > Bip01 {s} Hand
      Bip01 {s} Finger0 > Bip01 {s} Finger01 > Bip01 {s} Finger02
      Bip01 {s} Finger1 > Bip01 {s} Finger11 > Bip01 {s} Finger12
      Bip01 {s} Finger2 > Bip01 {s} Finger21 > Bip01 {s} Finger22
      Bip01 {s} Finger3 > Bip01 {s} Finger31 > Bip01 {s} Finger32
      Bip01 {s} Finger4 > Bip01 {s} Finger41 > Bip01 {s} Finger42
  Bip01 {s} Thigh > Bip01 {s} Calf > Bip01 {s} Foot > Bip01 {s} Toe0
"""
_CHARACTER_CREATOR = """
CC_Base_BoneRoot > CC_Base_Hip
  CC_Base_Pelvis
    CC_Base_{s}_Thigh
      CC_Base_{s}_ThighTwist01 > CC_Base_{s}_ThighTwist02
      CC_Base_{s}_Calf
        CC_Base_{s}_KneeShareBone
        CC_Base_{s}_CalfTwist01 > CC_Base_{s}_CalfTwist02
        CC_Base_{s}_Foot
          CC_Base_{s}_ToeBaseShareBone
          CC_Base_{s}_ToeBase
            CC_Base_{s}_BigToe1
            CC_Base_{s}_IndexToe1
            CC_Base_{s}_MidToe1
            CC_Base_{s}_RingToe1
            CC_Base_{s}_PinkyToe1
  CC_Base_Waist > CC_Base_Spine01 > CC_Base_Spine02
    CC_Base_{s}_RibsTwist > CC_Base_{s}_Breast
    CC_Base_NeckTwist01 > CC_Base_NeckTwist02 > CC_Base_Head > CC_Base_FacialBone
      CC_Base_JawRoot
        CC_Base_Tongue01 > CC_Base_Tongue02 > CC_Base_Tongue03
        CC_Base_Teeth02
      CC_Base_UpperJaw > CC_Base_Teeth01
      CC_Base_{s}_Eye
    CC_Base_{s}_Clavicle > CC_Base_{s}_Upperarm
      CC_Base_{s}_UpperarmTwist01 > CC_Base_{s}_UpperarmTwist02
      CC_Base_{s}_Forearm
        CC_Base_{s}_ElbowShareBone
        CC_Base_{s}_ForearmTwist01 > CC_Base_{s}_ForearmTwist02
        CC_Base_{s}_Hand
          CC_Base_{s}_Thumb1 > CC_Base_{s}_Thumb2 > CC_Base_{s}_Thumb3
          CC_Base_{s}_Index1 > CC_Base_{s}_Index2 > CC_Base_{s}_Index3
          CC_Base_{s}_Mid1 > CC_Base_{s}_Mid2 > CC_Base_{s}_Mid3
          CC_Base_{s}_Ring1 > CC_Base_{s}_Ring2 > CC_Base_{s}_Ring3
          CC_Base_{s}_Pinky1 > CC_Base_{s}_Pinky2 > CC_Base_{s}_Pinky3
"""
_DAZ_1 = """
hip
  pelvis
    {x}Thigh > {x}Shin > {x}Foot > {x}Toe
  abdomen > abdomen2 > chest
    {x}Pectoral
    neck > head
      {x}Eye
      upperJaw
      lowerJaw > tongueBase
    {x}Collar > {x}Shldr > {x}ForeArm > {x}Hand
      {x}Thumb1 > {x}Thumb2 > {x}Thumb3
      {x}Carpal1
        {x}Index1 > {x}Index2 > {x}Index3
        {x}Mid1 > {x}Mid2 > {x}Mid3
      {x}Carpal2
        {x}Ring1 > {x}Ring2 > {x}Ring3
        {x}Pinky1 > {x}Pinky2 > {x}Pinky3
"""
_DAZ_8 = """
hip
  pelvis
    {x}ThighBend > {x}ThighTwist > {x}Shin > {x}Foot > {x}Metatarsals > {x}Toe
      {x}BigToe > {x}BigToe_2
      {x}SmallToe1 > {x}SmallToe1_2
      {x}SmallToe2 > {x}SmallToe2_2
      {x}SmallToe3 > {x}SmallToe3_2
      {x}SmallToe4 > {x}SmallToe4_2
  abdomenLower > abdomenUpper > chestLower
    {x}Pectoral
    chestUpper
      neckLower > neckUpper > head
        {x}Eye
        {x}Ear
        upperTeeth
        lowerJaw > lowerTeeth
      {x}Collar > {x}ShldrBend > {x}ShldrTwist > {x}ForearmBend > {x}ForearmTwist > {x}Hand
        {x}Thumb1 > {x}Thumb2 > {x}Thumb3
        {x}Carpal1 > {x}Index1 > {x}Index2 > {x}Index3
        {x}Carpal2 > {x}Mid1 > {x}Mid2 > {x}Mid3
        {x}Carpal3 > {x}Ring1 > {x}Ring2 > {x}Ring3
        {x}Carpal4 > {x}Pinky1 > {x}Pinky2 > {x}Pinky3
"""  # noqa: E501
_DAZ_9 = """
hip
  pelvis
    {x}_thigh
      {x}_thightwist1
      {x}_thightwist2
      {x}_shin > {x}_foot
        {x}_metatarsal
        {x}_toes
          {x}_bigtoe1 > {x}_bigtoe2
          {x}_indextoe1 > {x}_indextoe2
          {x}_midtoe1 > {x}_midtoe2
          {x}_ringtoe1 > {x}_ringtoe2
          {x}_pinkytoe1 > {x}_pinkytoe2
  spine1 > spine2 > spine3 > spine4
    {x}_pectoral
    neck1 > neck2 > head
      {x}_eye
      {x}_eyelidupper
      {x}_ear
      lowerjaw > lowerteeth
    {x}_shoulder > {x}_upperarm
      {x}_upperarmtwist1
      {x}_upperarmtwist2
      {x}_forearm
        {x}_forearmtwist1
        {x}_forearmtwist2
        {x}_hand
          {x}_hand_anchor
          {x}_thumb1 > {x}_thumb2 > {x}_thumb3
          {x}_indexmetacarpal > {x}_index1 > {x}_index2 > {x}_index3
          {x}_midmetacarpal > {x}_mid1 > {x}_mid2 > {x}_mid3
          {x}_ringmetacarpal > {x}_ring1 > {x}_ring2 > {x}_ring3
          {x}_pinkymetacarpal > {x}_pinky1 > {x}_pinky2 > {x}_pinky3
"""
_POSER = """
hip
  abdomen > chest
    neck > head
      {d}Eye
    {x}Collar > {x}Shldr > {x}ForeArm > {x}Hand
      {x}Thumb1 > {x}Thumb2
      {x}Index1 > {x}Index2
      {x}Mid1 > {x}Mid2
      {x}Ring1 > {x}Ring2
      {x}Pinky1 > {x}Pinky2
  {x}Buttock > {x}Thigh > {x}Shin > {x}Foot
"""
_AUTO_RIG_PRO = """
root.x
  spine_01.x > spine_02.x > spine_03.x
    neck.x > head.x
    shoulder.{x} > arm_stretch.{x}
      arm_twist.{x}
      forearm_stretch.{x}
        forearm_twist.{x}
        hand.{x}
          c_thumb1.{x} > c_thumb2.{x} > c_thumb3.{x}
          c_index1_base.{x} > index1.{x} > c_index2.{x} > c_index3.{x}
          c_middle1_base.{x} > middle1.{x} > c_middle2.{x} > c_middle3.{x}
          c_ring1_base.{x} > ring1.{x} > c_ring2.{x} > c_ring3.{x}
          c_pinky1_base.{x} > pinky1.{x} > c_pinky2.{x} > c_pinky3.{x}
  thigh_stretch.{x}
    thigh_twist.{x}
    leg_stretch.{x}
      leg_twist.{x}
      foot.{x} > toes_01.{x}
"""
_AUTO_RIG_PRO_REFERENCE = """
root_ref.x
  spine_01_ref.x > spine_02_ref.x > spine_03_ref.x
    neck_ref.x > head_ref.x
    shoulder_ref.{x} > arm_ref.{x} > forearm_ref.{x} > hand_ref.{x}
      thumb1_ref.{x} > thumb2_ref.{x} > thumb3_ref.{x}
      index1_ref.{x} > index2_ref.{x} > index3_ref.{x}
      middle1_ref.{x} > middle2_ref.{x} > middle3_ref.{x}
      ring1_ref.{x} > ring2_ref.{x} > ring3_ref.{x}
      pinky1_ref.{x} > pinky2_ref.{x} > pinky3_ref.{x}
  thigh_ref.{x} > leg_ref.{x} > foot_ref.{x}
    toes_ref.{x}
    foot_heel_ref.{x}
"""
_KAYKIT = """
root > hips
  spine > chest
    upperarm.{x} > lowerarm.{x} > wrist.{x} > hand.{x} > handslot.{x}
    head
  upperleg.{x} > lowerleg.{x} > foot.{x} > toes.{x}
"""
# Feet hang on the root and legs reach for them.
_QUATERNIUS = """
Bone
  Body > Hips
    Abdomen > Torso
      Neck > Head > Head_end
      Shoulder.{s} > UpperArm.{s} > LowerArm.{s} > Fist.{s} > Fist.{s}_end
    UpperLeg.{s} > LowerLeg.{s} > LowerLeg.{s}_end
  Foot.{s} > Foot.{s}_end
  PoleTarget.{s} > PoleTarget.{s}_end
"""
_MMD = """
全ての親
  センター > グルーブ > 腰
    下半身
      腰キャンセル{j} > {j}足 > {j}ひざ > {j}足首 > {j}つま先
      {j}足D > {j}ひざD > {j}足首D > {j}足先EX
    上半身 > 上半身2
      首 > 頭
        両目
        {j}目
      {j}肩P > {j}肩 > {j}肩C > {j}腕 > {j}腕捩 > {j}ひじ > {j}手捩 > {j}手首
        {j}親指０ > {j}親指１ > {j}親指２
        {j}人指１ > {j}人指２ > {j}人指３
        {j}中指１ > {j}中指２ > {j}中指３
        {j}薬指１ > {j}薬指２ > {j}薬指３
        {j}小指１ > {j}小指２ > {j}小指３
        {j}ダミー
  {j}足IK親 > {j}足ＩＫ > {j}つま先ＩＫ
"""
_MMD_TOOLS = """
センター
  下半身
    足.{s} > ひざ.{s} > 足首.{s} > つま先.{s}
  上半身 > 上半身2
    首 > 頭
      目.{s}
    肩.{s} > 腕.{s} > ひじ.{s} > 手首.{s}
      親指１.{s} > 親指２.{s}
      人指１.{s} > 人指２.{s} > 人指３.{s}
      中指１.{s} > 中指２.{s} > 中指３.{s}
      薬指１.{s} > 薬指２.{s} > 薬指３.{s}
      小指１.{s} > 小指２.{s} > 小指３.{s}
足ＩＫ.{s} > つま先ＩＫ.{s}
"""
_CATS = """
Hips
  {S} leg > {S} knee > {S} ankle > {S} toe
  Spine > Chest
    Neck > Head
      Eye_{s}
    {S} shoulder > {S} arm > {S} elbow > {S} wrist
      Thumb0_{s} > Thumb1_{s} > Thumb2_{s}
      IndexFinger1_{s} > IndexFinger2_{s} > IndexFinger3_{s}
      MiddleFinger1_{s} > MiddleFinger2_{s} > MiddleFinger3_{s}
      RingFinger1_{s} > RingFinger2_{s} > RingFinger3_{s}
      LittleFinger1_{s} > LittleFinger2_{s} > LittleFinger3_{s}
"""
_VRM = """
hips
  spine > chest > upperChest
    neck > head
      jaw
      {d}Eye
    {d}Shoulder > {d}UpperArm > {d}LowerArm > {d}Hand
      {d}ThumbMetacarpal > {d}ThumbProximal > {d}ThumbDistal
      {d}IndexProximal > {d}IndexIntermediate > {d}IndexDistal
      {d}MiddleProximal > {d}MiddleIntermediate > {d}MiddleDistal
      {d}RingProximal > {d}RingIntermediate > {d}RingDistal
      {d}LittleProximal > {d}LittleIntermediate > {d}LittleDistal
  {d}UpperLeg > {d}LowerLeg > {d}Foot > {d}Toes
"""
_UNITY = """
Hips
  Spine > Chest > UpperChest
    Neck > Head
      Jaw
      {S}Eye
    {S}Shoulder > {S}UpperArm > {S}LowerArm > {S}Hand
      {S}ThumbProximal > {S}ThumbIntermediate > {S}ThumbDistal
      {S}IndexProximal > {S}IndexIntermediate > {S}IndexDistal
  {S}UpperLeg > {S}LowerLeg > {S}Foot > {S}Toes
"""
_VRM_ADDON = """
root > hips
  spine > chest > upper_chest
    neck > head
      eye.{s}
    shoulder.{s} > upper_arm.{s} > lower_arm.{s} > hand.{s}
      thumb.metacarpal.{s} > thumb.proximal.{s} > thumb.distal.{s}
      index.proximal.{s} > index.intermediate.{s} > index.distal.{s}
      middle.proximal.{s} > middle.intermediate.{s} > middle.distal.{s}
      ring.proximal.{s} > ring.intermediate.{s} > ring.distal.{s}
      little.proximal.{s} > little.intermediate.{s} > little.distal.{s}
  upper_leg.{s} > lower_leg.{s} > foot.{s} > toes.{s}
"""
_VROID = """
Root > J_Bip_C_Hips
  J_Bip_C_Spine > J_Bip_C_Chest > J_Bip_C_UpperChest
    J_Sec_{s}_Bust1 > J_Sec_{s}_Bust2
    J_Bip_C_Neck > J_Bip_C_Head
      J_Adj_{s}_FaceEye
      J_Sec_Hair1_01 > J_Sec_Hair2_01
    J_Bip_{s}_Shoulder > J_Bip_{s}_UpperArm > J_Bip_{s}_LowerArm > J_Bip_{s}_Hand
      J_Bip_{s}_Thumb1 > J_Bip_{s}_Thumb2 > J_Bip_{s}_Thumb3
      J_Bip_{s}_Index1 > J_Bip_{s}_Index2 > J_Bip_{s}_Index3
      J_Bip_{s}_Middle1 > J_Bip_{s}_Middle2 > J_Bip_{s}_Middle3
      J_Bip_{s}_Ring1 > J_Bip_{s}_Ring2 > J_Bip_{s}_Ring3
      J_Bip_{s}_Little1 > J_Bip_{s}_Little2 > J_Bip_{s}_Little3
  J_Bip_{s}_UpperLeg > J_Bip_{s}_LowerLeg > J_Bip_{s}_Foot > J_Bip_{s}_ToeBase
"""
_BVH_JOINTS = """
Hips
  Chest > Chest2
    {S}Collar > {S}Shoulder > {S}Elbow > {S}Wrist
    Neck > Head
  {S}Hip > {S}Knee > {S}Ankle > {S}Toe
"""
_BVH_LIMBS = """
Hips
  Chest
    Neck > Head
    {S}Collar > {S}UpArm > {S}LowArm > {S}Hand
  {S}UpLeg > {S}LowLeg > {S}Foot
"""
_SMPL = """
pelvis
  {d}_hip > {d}_knee > {d}_ankle > {d}_foot
  spine1 > spine2 > spine3
    neck > head
    {d}_collar > {d}_shoulder > {d}_elbow > {d}_wrist > {d}_hand
"""
_SMPLX = """
pelvis
  {d}_hip > {d}_knee > {d}_ankle > {d}_foot
  spine1 > spine2 > spine3
    neck > head
      jaw
      {d}_eye_smplhf
    {d}_collar > {d}_shoulder > {d}_elbow > {d}_wrist
      {d}_index1 > {d}_index2 > {d}_index3
      {d}_middle1 > {d}_middle2 > {d}_middle3
      {d}_pinky1 > {d}_pinky2 > {d}_pinky3
      {d}_ring1 > {d}_ring2 > {d}_ring3
      {d}_thumb1 > {d}_thumb2 > {d}_thumb3
"""
_SMPL_FBX = """
m_avg_root > m_avg_Pelvis
  m_avg_{s}_Hip > m_avg_{s}_Knee > m_avg_{s}_Ankle > m_avg_{s}_Foot
  m_avg_Spine1 > m_avg_Spine2 > m_avg_Spine3
    m_avg_Neck > m_avg_Head
    m_avg_{s}_Collar > m_avg_{s}_Shoulder > m_avg_{s}_Elbow > m_avg_{s}_Wrist > m_avg_{s}_Hand
"""  # noqa: E501
_MANNEQUIN = """
root > hips
  spine > chest > upper_chest
    neck > head
    shoulder.{s} > upper_arm.{s} > forearm.{s} > hand.{s}
      thumb_01.{s} > thumb_02.{s} > thumb_03.{s}
      index_01.{s} > index_02.{s} > index_03.{s}
      middle_01.{s} > middle_02.{s} > middle_03.{s}
      ring_01.{s} > ring_02.{s} > ring_03.{s}
      pinky_01.{s} > pinky_02.{s} > pinky_03.{s}
  thigh.{s} > shin.{s} > foot.{s} > toe.{s}
"""


def _with_prefix(prefix: str, text: str) -> str:
    lines = []
    for line in text.strip("\n").splitlines():
        bones = (prefix + name for name in line.strip().split(" > "))
        lines.append(" " * _indent(line) + " > ".join(bones))
    return "\n".join(lines)


# By the stem of the map's file.
FAMILIES = {
    "mixamo": {
        "Mixamo": _with_prefix("mixamorig:", _MIXAMO),
        "Mixamo without prefix": _MIXAMO,
        "Mixamo in three.js": _with_prefix("mixamorig", _MIXAMO),
        "Mixamo again": _with_prefix("Armature|mixamorig1:", _MIXAMO),
        "Ready Player Me": _READY_PLAYER_ME,
    },
    "motionbuilder": {
        "MotionBuilder": _MOTIONBUILDER,
        "Biped, renamed": _BIPED_RENAMED,
        "Perception Neuron": _NEURON,
        "Perception Neuron, prefixed": _with_prefix("Robot_", _NEURON),
    },
    "cmu": {"CMU": _CMU},
    "unreal": {"UE4": _UE4, "UE5": _UE5},
    "makehuman": {"MakeHuman": _MAKEHUMAN},
    "openpose": {"MakeHuman OpenPose": _OPENPOSE},
    "biped": {
        "Biped": _BIPED,
        "Biped, underscores": _BIPED.replace("Bip01 ", "Bip001_").replace("} ", "}_"),
        "Rocketbox": _ROCKETBOX,
    },
    "character_creator": {
        "Character Creator": _CHARACTER_CREATOR,
        "Tripo": _CHARACTER_CREATOR.replace("CC_Base_", ""),
    },
    "daz": {
        "Genesis 1 and 2": _DAZ_1,
        "Genesis 3 and 8": _DAZ_8,
        "Poser": _POSER,
    },
    "daz_genesis9": {"Genesis 9": _DAZ_9},
    "auto_rig_pro": {"Auto-Rig Pro": _AUTO_RIG_PRO},
    "auto_rig_pro_reference": {"Auto-Rig Pro reference": _AUTO_RIG_PRO_REFERENCE},
    "kaykit": {"KayKit": _KAYKIT},
    "quaternius": {"Quaternius": _QUATERNIUS},
    "mmd": {"MMD": _MMD, "MMD tools": _MMD_TOOLS},
    "cats": {"Cats": _CATS},
    "vrm": {"VRM": _VRM, "Unity": _UNITY},
    "vrm_addon": {
        "VRM add-on": _VRM_ADDON,
        "VRM add-on, new": _VRM_ADDON.replace("b.", "b_").replace("x.", "x_"),
    },
    "vroid": {"VRoid": _VROID},
    "bvh": {"BVH of joints": _BVH_JOINTS, "BVH of limbs": _BVH_LIMBS},
    "smpl": {
        "SMPL": _SMPL,
        "SMPL-X": _SMPLX,
        "SMPL as FBX": _SMPL_FBX,
    },
    "mannequin": {"mannequin": _MANNEQUIN},
}
NAMED = {
    name: (family, rig_names(text))
    for family, texts in FAMILIES.items()
    for name, text in texts.items()
}
