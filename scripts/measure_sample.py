# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a character that was animated from the sample clip with the clip's truth.

python3 scripts/measure_sample.py out/demo/sample.take.jsonl out/demo/mannequin.blend
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import _cli
import _environment

if TYPE_CHECKING:
    import numpy as np

TRUTH = _environment.ROOT / "resources" / "videos" / "sample.truth.npz"
# Joint and next joint of the person, bone and next bone of the character.
LIMBS = [
    (f"{side}_{start}", f"{side}_{end}", f"{side}_{bone}", f"{side}_{next_bone}")
    for side in ("left", "right")
    for start, end, bone, next_bone in (
        ("shoulder", "elbow", "upper_arm", "forearm"),
        ("elbow", "wrist", "forearm", "hand"),
        ("hip", "knee", "thigh", "shin"),
        ("knee", "ankle", "shin", "foot"),
    )
]


@dataclass(frozen=True)
class Found:
    """How far a character's motion is from the truth.

    Attributes:
        mean_angle: Between a bone and the person's limb, over limbs and frames [deg].
        worst_angle: The same, at the 90th percentile [deg].
        path_error: Of the hips in the room, root mean square after the path was moved
            and scaled to fit: a character's steps are as long as its legs [m].
    """

    mean_angle: float
    worst_angle: float
    path_error: float


def camera_of_sample() -> tuple[float, float]:
    """Return the clip's field of view and the camera's tilt [deg]."""
    import numpy as np

    with np.load(TRUTH) as known:
        return float(known["fov_deg"]), float(known["tilt_deg"])


def measure(take: Path, blend: Path) -> Found:
    """Compare the bones of a character, as Blender evaluates them, with the truth.

    Args:
        take: Captured from the sample clip.
        blend: What scripts/animate.py made of it.
    """
    import numpy as np

    from vitpose_blender.core.take import read_take

    with np.load(TRUTH) as known:
        times, joints = known["t"], known["joints_world"]
        rows = {name: row for row, name in enumerate(known["names"].tolist())}
    angles, hips, pelvis = [], [], []
    for t, heads in character_heads(blend, read_take(take).packets[0].t):
        person = joints[np.argmin(np.abs(times - t))]
        for start, end, bone, next_bone in LIMBS:
            limb = person[rows[end]] - person[rows[start]]
            angles.append(angle_between(limb, heads[next_bone] - heads[bone]))
        hips.append(heads["hips"])
        pelvis.append(person[rows["pelvis"]])
    return Found(
        float(np.mean(angles)),
        float(np.percentile(angles, 90)),
        path_error(np.array(hips), np.array(pelvis)),
    )


def character_heads(
    blend: Path, start: float
) -> "list[tuple[float, dict[str, np.ndarray]]]":
    """Return, for each frame, its time and where the head of each role's bone is.

    Args:
        blend: The animated character.
        start: Time of its first frame, on the clip's clock [s].
    """
    import numpy as np

    from vitpose_blender.blender import access, animate, character, load

    with _cli.hushed():
        armature = load.load_character(blend)
    rest = character.read_rig_rest(armature)
    scene, fps = access.scene(), animate.scene_fps()
    frames = []
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        bones = access.pose_bones(armature)
        heads = {
            role: np.array(armature.matrix_world @ bones[rest.names[row]].head)
            for role, row in rest.index.items()
        }
        frames.append((start + (frame - scene.frame_start) / fps, heads))
    return frames


def angle_between(a: "np.ndarray", b: "np.ndarray") -> float:
    """Return the angle between two vectors [deg]."""
    import numpy as np

    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def path_error(hips: "np.ndarray", pelvis: "np.ndarray") -> float:
    """Return how far one path is from another, moved and scaled to fit [m].

    Args:
        hips: The character's, shape `(F, 3)` [m].
        pelvis: The person's, shape `(F, 3)` [m].
    """
    import numpy as np

    a, b = hips - hips.mean(axis=0), pelvis - pelvis.mean(axis=0)
    scale = (a * b).sum() / max((a * a).sum(), 1e-9)
    return float(np.sqrt(((scale * a - b) ** 2).sum(axis=1).mean()))


def main(arguments: argparse.Namespace) -> int:
    found = measure(arguments.take, arguments.blend)
    print(f"limb angle: mean {found.mean_angle:.1f}, p90 {found.worst_angle:.1f} deg")
    print(f"path: {found.path_error:.2f} m")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("take", type=Path, help="captured from the sample clip")
    parser.add_argument("blend", type=Path, help="made by scripts/animate.py from it")
    wanted = parser.parse_args()
    _environment.activate()
    _cli.run(lambda: main(wanted))
