# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that bones are named with, and how a name is cut into them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

SIDE_WORDS = {
    "left": ("left", "lft", "左"),
    "right": ("right", "rgt", "右"),
}
# Shorter ones mean a side only where they stand by themselves.
SIDE_LETTERS = {"l": "left", "r": "right", "lf": "left", "lt": "left", "rt": "right"}

# What a word says about the body. Some say where a bone begins (knee, wrist), some are
# used for two bones (leg, arm, shoulder, hip): which, the other bones tell.
PART_WORDS = {
    "hips": ("hips", "pelvis", "骨盆", "盆骨", "臀", "下半身"),
    "hip": ("hip", "coxa", "buttock"),
    "centre": ("root", "cog", "center", "centre", "センター", "グルーブ"),
    "spine": (
        *("spine", "chest", "torso", "abdomen", "waist", "back", "ribcage", "rib"),
        *(
            "ribs",
            "belly",
            "tummy",
            "stomach",
            "thorax",
            "lumbar",
            "trunk",
            "vertebra",
            "ab",
        ),
        *("spinal", "上半身", "腰", "胸", "脊椎", "脊柱", "腹"),
    ),
    "neck": ("neck", "cervical", "首", "脖子", "颈"),
    "head": ("head", "skull", "頭", "头"),
    "jaw": ("jaw", "mandible", "下巴", "あご", "顎"),
    "eye": ("eye", "eyeball", "目", "眼"),
    "tail": ("tail", "尾", "尻尾", "しっぽ"),
    "clavicle": ("clavicle", "collar", "collarbone", "scapula", "clav", "鎖骨", "锁骨"),
    "shoulder": ("shoulder", "shldr", "sholder", "肩", "肩膀"),
    "upper_arm": (
        *("upperarm", "uparm", "uarm", "bicep", "biceps", "humerus"),
        *("上腕", "上臂", "大臂"),
    ),
    "arm": ("arm", "腕", "手臂"),
    "forearm": (
        *("forearm", "lowerarm", "lowarm", "loarm", "farm", "radius", "ulna"),
        *("前腕", "前臂", "小臂"),
    ),
    "elbow": ("elbow", "ひじ", "肘", "手肘"),
    "hand": ("hand", "fist", "手", "手掌"),
    "wrist": ("wrist", "手首", "手腕"),
    "palm": ("palm",),
    "thigh": ("thigh", "upperleg", "upleg", "uleg", "femur", "太もも", "もも", "大腿"),
    "leg": ("leg", "足", "脚", "腿"),
    "shin": (
        *("shin", "calf", "lowerleg", "lowleg", "loleg", "crus", "tibia", "calves"),
        *("すね", "脛", "小腿"),
    ),
    "knee": ("knee", "ひざ", "膝", "膝盖"),
    "foot": ("foot", "feet", "paw", "脚掌"),
    "ankle": ("ankle", "hock", "足首", "脚踝", "脚腕"),
    "toe": ("toe", "toes", "toebase", "つま先", "爪先", "足先", "脚趾", "脚尖"),
    "ball": ("ball",),
    "finger": ("finger", "fingers", "digit", "指"),
    "thumb": ("thumb", "親指", "拇指", "大拇指"),
    "index": ("index", "pointer", "人指", "人差指", "人差し指", "食指"),
    "middle": ("middle", "mid", "中指"),
    "ring": ("ring", "薬指", "无名指"),
    "pinky": ("pinky", "pinkie", "little", "小指", "小拇指"),
}
MODIFIER_WORDS = {
    "upper": ("upper", "up"),
    "lower": ("lower", "low", "lo"),
    "fore": ("fore",),
    "front": ("front",),
    "hind": ("hind", "rear"),
    "twist": ("twist", "roll", "捩", "捩り", "捻"),
    "metacarpal": ("metacarpal", "carpal", "meta", "in"),
    "base": ("base",),
    "body": ("body",),
    "bone": ("bone",),
    "blade": ("blade",),
}
# They say nothing about which bone it is.
PLAIN_WORDS = (
    *("def", "deform", "bind", "jnt", "joint", "skin", "skel", "skeleton", "rig"),
    *("armature", "bend", "stretch", "proximal", "intermediate", "distal"),
    *("face", "facial", "b", "c", "f", "j", "m", "x", "mixamorig", "bip", "biped"),
)
# A bone with one of them plays no role, whatever else its name says.
HELPER_WORDS = (
    *("ik", "fk", "ctrl", "control", "ctl", "target", "pole", "nub", "end", "tip"),
    *("leaf", "socket", "slot", "helper", "weapon", "prop", "skirt", "hair", "breast"),
    *("boob", "bust", "pectoral", "pec", "cloth", "cape", "dummy", "mch", "org", "vis"),
    *("tweak", "master", "parent", "gizmo", "locator", "null", "attach", "holder"),
    *("holster", "marker", "camera", "cam", "collider", "physics", "jiggle", "share"),
    *("lid", "eyelid", "brow", "eyebrow", "lash", "eyelash", "cheek", "lip", "nose"),
    *("ear", "teeth", "tooth", "tongue", "temple", "forehead", "mouth", "glue", "heel"),
    *("correct", "corrective", "pouch", "belt", "bag", "shield", "sword", "gun"),
    *("footsteps", "drv", "driver", "handle", "handslot", "beard", "hat", "helmet"),
    *("sleeve", "pad", "armor", "armour", "pocket", "strap", "horn", "wing", "top"),
    *("metatarsal", "metatarsals", "glute", "gluteus", "muscle", "bank", "pivot"),
    *("swivel", "offset", "follow", "aim", "lookat", "look", "ground"),
    *("ダミー", "ik親", "先", "親", "両目", "胸変形", "髪", "スカート", "キャンセル"),
)
# Two words in a row that mean one thing; front legs are arms, and some legs are back.
PAIRS: Mapping[tuple[str, ...], str] = {
    ("upper", "arm"): "upper_arm",
    ("arm", "upper"): "upper_arm",
    ("lower", "arm"): "forearm",
    ("arm", "lower"): "forearm",
    ("fore", "arm"): "forearm",
    ("fore", "twist"): "forearm twist",
    ("upper", "leg"): "thigh",
    ("leg", "upper"): "thigh",
    ("lower", "leg"): "shin",
    ("leg", "lower"): "shin",
    ("lower", "spine"): "spine",
    ("upper", "spine"): "spine",
    ("upper", "body"): "spine",
    ("lower", "body"): "hips",
    ("collar", "bone"): "clavicle",
    ("clavicle", "bone"): "clavicle",
    ("shoulder", "blade"): "clavicle",
    ("upper", "jaw"): "helper",
    **{("spine", part): part for part in ("leg", "thigh", "shin", "foot", "toe")},
    **{(word, "leg"): "arm" for word in ("front", "fore")},
    **{(word, "foot"): "hand" for word in ("front", "fore")},
    ("front", "thigh"): "upper_arm",
    ("front", "shin"): "forearm",
    ("front", "knee"): "elbow",
    ("front", "ankle"): "wrist",
    ("front", "toe"): "finger",
    ("front", "shoulder"): "clavicle",
}
FINGERS = ("thumb", "index", "middle", "ring", "pinky")

_RUNS = re.compile(r"[A-Za-z]+|\d+|[^\W\d_A-Za-z]+")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def _meanings() -> Iterator[tuple[str, str]]:
    for word in HELPER_WORDS:
        yield word, "helper"
    for word in PLAIN_WORDS:
        yield word, ""
    for table in (MODIFIER_WORDS, PART_WORDS, SIDE_WORDS):
        for meaning, words in table.items():
            yield from ((word, meaning) for word in words)


MEANINGS = dict(_meanings())


def words_of(name: str) -> Iterator[tuple[str, str | None]]:
    """Yield the words of a bone's name in order, each with what it means.

    Meanings are the keys of the tables above, "" for words that say nothing, digits for
    numbers, and None for words that are not known.
    """
    for run in _RUNS.findall(unicodedata.normalize("NFKC", name)):
        if run.isdecimal():
            yield run, run
        elif run.isascii():
            yield from _latin_words(run)
        else:
            yield from _pairs(_cut(run) or [run])


def _latin_words(run: str) -> Iterable[tuple[str, str | None]]:
    """Cut at capitals; where that gives no words, anywhere between words."""
    humps = [hump.lower() for hump in _HUMPS.findall(run)]
    cut = [word for hump in humps for word in _known_words(hump) or [hump]]
    if any(_meaning(word) is None for word in cut):
        cut = _known_words(run.lower()) or cut
    return _pairs(cut)


def _pairs(words: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    for word in words:
        yield word, _meaning(word)


def _meaning(word: str) -> str | None:
    return SIDE_LETTERS.get(word, MEANINGS.get(word))


def _known_words(run: str) -> list[str]:
    """Return the known words that make up the run, with a side's letter around them."""
    if _meaning(run) is not None:
        return [run]
    if whole := _cut(run):
        return whole
    if run[0] in "lr" and (rest := _cut(run[1:])):
        return [run[0], *rest]
    if run[-1] in "lr" and (rest := _cut(run[:-1])):
        return [*rest, run[-1]]
    return []


def _cut(run: str) -> list[str]:
    """Return the fewest known words that make up the run, none where none do."""
    best: dict[int, list[str]] = {0: []}
    for start in range(len(run)):
        if start not in best:
            continue
        for end in range(start + 1, len(run) + 1):
            word = run[start:end]
            if word not in MEANINGS or (word.isascii() and len(word) < 2):
                continue
            if end not in best or len(best[start]) + 1 < len(best[end]):
                best[end] = [*best[start], word]
    return best.get(len(run), [])
