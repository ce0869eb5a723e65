# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs as programs build them, with places: hierarchies that detectors stumble over.

A line is a bone, its place [cm] and perhaps its role; what is indented hangs on it. A
line with a star stands for both sides, and so does what hangs on it; places and roles
are those of the left. Characters face -Y, left is at +X.
"""

import numpy as np

from tests.puppets import Puppet


def placed_rig(text: str) -> Puppet:
    """Return the bones that an indented text describes."""
    puppet = Puppet()
    stack: list[tuple[int, str, str]] = []  # Indent, stem and sides of the bones above.
    for line in filter(str.strip, text.splitlines()):
        indent = len(line) - len(line.lstrip())
        name, place, *role = line.split()
        while stack and stack[-1][0] >= indent:
            stack.pop()
        _, parent, sides = stack[-1] if stack else (-1, "", "")
        sides = "lr" if "*" in name else sides
        for side in sides or " ":
            _add(puppet, name, parent, side, place, role)
        stack.append((indent, name, sides))
    return puppet


def _add(puppet, name, parent, side, place, role):
    sign = -1.0 if side == "r" else 1.0
    head = np.array([float(number) for number in place.split(",")]) / 100
    word = {"l": "left_", "r": "right_"}.get(side, "")
    suffix = side if side != " " else ""
    carrier = parent
    if parent and parent not in puppet.heads:
        carrier = parent + suffix
    puppet.add(
        name + suffix, carrier, head * (sign, 1, 1), word + role[0] if role else ""
    )


_FINGERS = """
{i}thumb1* {x},-3,{z} thumb
{i}  thumb2* {x1},-6,{z} thumb
{i}    thumb3* {x2},-8,{z} thumb
{i}index1* {x3},-3,{z} index
{i}  index2* {x4},-3,{z} index
{i}    index3* {x5},-3,{z} index
{i}middle1* {x3},0,{z} middle
{i}  middle2* {x4},0,{z} middle
{i}    middle3* {x5},0,{z} middle
{i}ring1* {x3},2,{z} ring
{i}  ring2* {x4},2,{z} ring
{i}    ring3* {x5},2,{z} ring
{i}pinky1* {x3},4,{z} pinky
{i}  pinky2* {x4},4,{z} pinky
{i}    pinky3* {x5},4,{z} pinky
"""


def _hand(indent: int, wrist: float, height: float) -> str:
    """Return the lines of five fingers on a hand that points sideways."""
    steps = {"x": 3, "x1": 5, "x2": 7, "x3": 9, "x4": 12, "x5": 15}
    places = {key: wrist + step for key, step in steps.items()}
    return _FINGERS.strip("\n").format(i=" " * indent, z=height, **places)


UNREAL_5 = f"""
root 0,0,0
  pelvis 0,1,96 hips
    spine_01 0,1,98 spine
      spine_02 0,0,105 spine
        spine_03 0,-1,112 spine
          spine_04 0,1,121 spine
            spine_05 0,4,138 spine
              neck_01 0,6,150 neck
                neck_02 0,4,155 neck
                  head 0,2,160 head
              clavicle_* 1,1,146 clavicle
                upperarm_* 17,5,144 upper_arm
                  upperarm_twist_01_* 20,5,144
                  upperarm_twist_02_* 29,5,144
                  upperarm_correctiveRoot_* 17,5,144
                    upperarm_bck_* 17,8,144
                    upperarm_fwd_* 17,2,144
                  lowerarm_* 44,6,144 forearm
                    lowerarm_twist_02_* 52,5,144
                    lowerarm_twist_01_* 60,4,144
                    lowerarm_correctiveRoot_* 44,6,144
                    hand_* 69,3,144 hand
{_hand(22, 69, 144)}
                      weapon_* 78,0,144
    thigh_* 9,1,94 thigh
      calf_* 11,0,52 shin
        foot_* 13,4,9 foot
          ball_* 14,-10,2 toe
        calf_twist_02_* 11,2,38
        calf_twist_01_* 12,3,24
      thigh_twist_01_* 9,1,80
      thigh_twist_02_* 10,0,66
      thigh_correctiveRoot_* 9,1,94
  ik_foot_root 0,0,0
    ik_foot_* 13,4,9
  ik_hand_root 0,0,0
    ik_hand_gun -69,3,144
      ik_hand_* 69,3,144
  interaction 0,0,0
  center_of_mass 0,0,0
"""

MMD = """
mother 0,0,0
  centre 0,0,66
    groove 0,0,68
      waist 0,2,86 hips
        lower 0,1,100
          waist_cancel_* 7,1,80
            leg_* 7,1,80 thigh
              knee_* 7,0,45 shin
                ankle_* 7,2,8 foot
                  toe_* 7,-8,1 toe
          waist_cancel_d_* 7,1,80
            leg_d_* 7,1,80 thigh
              knee_d_* 7,0,45 shin
                ankle_d_* 7,2,8 foot
                  toe_ex_* 7,-6,1 toe
          skirt_0_0 0,-8,85
            skirt_0_1 0,-11,70
              skirt_0_2 0,-13,55
          skirt_1_0_* 6,-6,85
            skirt_1_1_* 9,-9,70
              skirt_1_2_* 11,-11,55
          skirt_2_0_* 8,1,85
            skirt_2_1_* 12,1,70
              skirt_2_2_* 15,1,55
          skirt_3_0_* 6,8,85
            skirt_3_1_* 9,11,70
              skirt_3_2_* 11,13,55
        upper 0,1,100 spine
          upper2 0,2,112 spine
            neck 0,2,128 neck
              head 0,1,134 head
                eye_* 3,-3,140 eye
                eyes 0,-2,160
                hair_front_* 4,-6,147
                  hair_front2_* 5,-8,139
                twintail1_* 10,4,148
                  twintail2_* 20,6,130
                    twintail3_* 25,8,105
                      twintail4_* 27,9,80
                        twintail5_* 28,10,55
                          twintail6_* 28,10,35
            shoulder_p_* 2,2,125
              shoulder_* 2,2,125 clavicle
                shoulder_c_* 10,2,124
                  arm_* 10,2,124 upper_arm
                    arm_twist_* 18,2,117
                      elbow_* 26,2,110 forearm
                        hand_twist_* 32,1,105
                          wrist_* 38,0,100 hand
                            thumb0_* 40,-2,99
                              thumb1_* 42,-4,97 thumb
                                thumb2_* 43,-5,95 thumb
                            index1_* 44,-2,94 index
                              index2_* 46,-2,92 index
                                index3_* 47,-2,90 index
                            middle1_* 44,0,94 middle
                              middle2_* 47,0,92 middle
                                middle3_* 48,0,90 middle
                        hand_twist1_* 30,1,107
                        hand_twist2_* 33,1,104
                    arm_twist1_* 14,2,120
                    arm_twist2_* 20,2,115
            breast_* 5,-6,115
  leg_ik_parent_* 7,2,0
    leg_ik_* 7,2,8
      toe_ik_* 7,-8,1
"""

DAZ_8 = """
hip 0,1,104 hips
  pelvis 0,1,106
    lThighBend* 8,0,98 thigh
      lThighTwist* 9,0,76
        lShin* 9,0,54 shin
          lFoot* 9,3,8 foot
            lMetatarsals* 9,-1,5
              lToe* 9,-9,2 toe
                lBigToe* 7,-12,2
                  lBigToe_2* 7,-15,1
                lSmallToe1* 9,-12,1
                  lSmallToe1_2* 9,-14,1
                lSmallToe2* 10,-12,1
                  lSmallToe2_2* 10,-14,1
            lHeel* 9,6,2
  abdomenLower 0,1,108 spine
    abdomenUpper 0,0,116 spine
      chestLower 0,0,125 spine
        chestUpper 0,2,136 spine
          lCollar* 2,1,146 clavicle
            lShldrBend* 15,2,145 upper_arm
              lShldrTwist* 27,2,145
                lForearmBend* 40,3,145 forearm
                  lForearmTwist* 52,2,145
                    lHand* 65,1,145 hand
                      lThumb1* 68,-3,144 thumb
                        lThumb2* 71,-6,144 thumb
                          lThumb3* 73,-8,144 thumb
                      lCarpal1* 67,-2,145
                        lIndex1* 74,-3,145 index
                          lIndex2* 78,-3,145 index
                            lIndex3* 80,-3,145 index
                      lCarpal2* 67,-1,145
                        lMid1* 74,0,145 middle
                          lMid2* 78,0,145 middle
                            lMid3* 81,0,145 middle
                      lCarpal3* 67,0,145
                        lRing1* 73,2,145 ring
                          lRing2* 77,2,145 ring
                            lRing3* 80,2,145 ring
                      lCarpal4* 67,1,145
                        lPinky1* 72,4,145 pinky
                          lPinky2* 75,4,145 pinky
                            lPinky3* 77,4,145 pinky
          neckLower 0,2,149 neck
            neckUpper 0,1,154 neck
              head 0,0,158 head
                upperTeeth 0,-8,162
                lowerJaw 0,-3,161 jaw
                  tongue01 0,-5,160
                    tongue02 0,-7,160
                lEye* 3,-8,167 eye
                lEar* 7,0,166
          lPectoral* 7,-6,134
"""

CHARACTER_CREATOR = """
BoneRoot 0,0,0
  Hip 0,0,100 hips
    Pelvis 0,0,100
      Thigh_* 9,0,95 thigh
        Calf_* 9,-1,51 shin
          Foot_* 10,3,8 foot
            ToeBase_* 11,-9,1 toe
              BigToe_* 8,-12,1
              IndexToe_* 10,-13,1
              PinkyToe_* 14,-11,1
            ToeBaseShareBone_* 11,-9,1
          CalfTwist01_* 9,0,40
          CalfTwist02_* 10,2,22
        ThighTwist01_* 9,0,84
        ThighTwist02_* 9,-1,62
        KneeShareBone_* 9,-1,51
    Waist 0,-1,104 spine
      Spine01 0,-2,111 spine
        Spine02 0,0,126 spine
          RibsTwist_* 6,-4,128
            Breast_* 8,-10,126
          NeckTwist01 0,3,148 neck
            NeckTwist02 0,1,153 neck
              Head 0,0,158 head
                FacialBone 0,0,158
                  JawRoot 0,-2,162
                    Tongue01 0,-5,161
                    Teeth02 0,-8,161
                  UpperJaw 0,-2,163
                    Teeth01 0,-8,163
                  Eye_* 3,-8,167 eye
          Clavicle_* 2,-1,145 clavicle
            Upperarm_* 16,3,144 upper_arm
              Forearm_* 42,4,144 forearm
                Hand_* 66,2,144 hand
                  Thumb1_* 69,-2,143 thumb
                    Thumb2_* 72,-4,142 thumb
                      Thumb3_* 74,-6,142 thumb
                  Index1_* 75,-2,144 index
                    Index2_* 79,-2,144 index
                      Index3_* 81,-2,144 index
                  Mid1_* 75,1,144 middle
                    Mid2_* 79,1,144 middle
                      Mid3_* 82,1,144 middle
                ForearmTwist01_* 47,4,144
                ForearmTwist02_* 58,3,144
              UpperarmTwist01_* 22,3,144
              UpperarmTwist02_* 34,4,144
              ElbowShareBone_* 42,4,144
"""

BIPED = """
Bip01 0,0,98
  Bip01_Footsteps 0,0,0
  Bip01_Pelvis 0,0,98 hips
    Bip01_Spine 0,-1,108 spine
      Bip01_Thigh_* 9,0,98 thigh
        Bip01_Calf_* 9,-1,53 shin
          Bip01_Foot_* 10,3,9 foot
            Bip01_Toe0_* 11,-10,0 toe
              Bip01_Toe0Nub_* 11,-17,0
      Bip01_Spine1 0,0,120 spine
        Bip01_Spine2 0,1,133 spine
          Bip01_Neck 0,2,150 neck
            Bip01_Head 0,0,158 head
              Bip01_HeadNub 0,0,178
              Bip01_Ponytail1 0,10,168
                Bip01_Ponytail11 0,18,160
                  Bip01_Ponytail12 0,21,146
            Bip01_Clavicle_* 3,1,147 clavicle
              Bip01_UpperArm_* 18,3,144 upper_arm
                Bip01_Forearm_* 32,5,120 forearm
                  Bip01_Hand_* 42,-4,99 hand
                    Bip01_Finger0_* 41,-8,97 thumb
                      Bip01_Finger01_* 40,-11,94 thumb
                        Bip01_Finger0Nub_* 40,-13,92
                    Bip01_Finger1_* 45,-7,90 index
                      Bip01_Finger11_* 46,-9,86 index
                        Bip01_Finger1Nub_* 46,-10,84
"""

VROID = """
Root 0,0,0
  Hips 0,1,96 hips
    Spine 0,1,101 spine
      Chest 0,0,112 spine
        UpperChest 0,2,123 spine
          Bust1_* 4,-2,121
            Bust2_* 6,-9,120
          Neck 0,3,136 neck
            Head 0,1,144 head
              FaceEye_* 2,-2,150 eye
              Hair_front1_0 0,-7,158
                Hair_front1_1 0,-9,152
              Hair_side1_* 7,-3,155
                Hair_side2_* 8,-5,146
                  Hair_side3_* 9,-5,136
                    Hair_side_end_* 9,-5,128
              Hair_back1_* 4,7,154
                Hair_back2_* 5,10,142
                  Hair_back3_* 5,11,128
                    Hair_back4_* 5,12,112
                      Hair_back_end_* 5,12,98
              Hair_back_mid1 0,8,154
                Hair_back_mid2 0,11,142
                  Hair_back_mid3 0,12,128
                    Hair_back_mid4 0,13,112
          Shoulder_* 2,2,133 clavicle
            UpperArm_* 10,2,132 upper_arm
              Sleeve_top_* 14,2,133
                Sleeve_top_end_* 20,2,136
              LowerArm_* 32,3,132 forearm
                Sleeve_* 33,3,130
                  Sleeve2_* 40,3,122
                    Sleeve_end_* 45,3,116
                Hand_* 53,3,132 hand
                  Thumb1_* 55,0,131 thumb
                    Thumb2_* 57,-2,131 thumb
                      Thumb3_* 59,-4,131 thumb
                  Index1_* 60,1,132 index
                    Index2_* 63,1,132 index
                      Index3_* 65,1,132 index
                  Little1_* 59,6,132 pinky
                    Little2_* 61,6,132 pinky
                      Little3_* 63,6,132 pinky
    UpperLeg_* 7,1,91 thigh
      LowerLeg_* 8,2,51 shin
        Foot_* 8,5,9 foot
          ToeBase_* 8,-6,1 toe
    Coat1_* 9,4,95
      Coat2_* 12,8,75
        Coat3_* 14,11,55
          Coat4_* 16,13,35
            Coat_end_* 17,14,20
    Skirt_front1_* 5,-8,88
      Skirt_front2_* 6,-12,70
        Skirt_front_end_* 6,-13,55
    Skirt_back1_* 5,9,88
      Skirt_back2_* 6,12,70
        Skirt_back_end_* 6,13,55
"""

# Feet are children of the root, where they are IK targets.
QUATERNIUS = """
Bone 0,0,0
  Body 0,0,62 hips
    Hips 0,0,66 spine
      Abdomen 0,0,80 spine
        Torso 0,0,98 spine
          Neck 0,0,118 neck
            Head 0,0,126 head
          Shoulder_* 3,0,114 clavicle
            UpperArm_* 17,0,112 upper_arm
              LowerArm_* 40,1,112 forearm
                Palm_* 62,0,112 hand
                  Middle1_* 70,0,112
                    Middle2_* 74,0,112
                  Thumb1_* 65,-4,112
                    Thumb2_* 68,-6,112
    UpperLeg_* 9,0,60 thigh
      LowerLeg_* 9,-2,33 shin
        LowerLeg_end_* 9,2,6
  Foot_* 9,2,6 foot
    Toe_* 9,-9,1 toe
  PoleTarget_* 9,-40,33
"""

PLACED = {
    "Unreal 5": UNREAL_5,
    "MMD": MMD,
    "DAZ Genesis 8": DAZ_8,
    "Character Creator": CHARACTER_CREATOR,
    "Biped": BIPED,
    "VRoid": VROID,
    "Quaternius": QUATERNIUS,
}
