# SPDX-License-Identifier: GPL-3.0-or-later
"""What the person of the sample clip does, written by hand: steps, curves, timing.

Feet are planned as footsteps and never slide; hips follow what the feet can reach;
everything else is a curve through a few keys. Angles are in degrees, times in
seconds, places in metres in Blender's world (z up, the camera looks along +y).
"""

from dataclasses import dataclass, field

import numpy as np

from mannequin_tube import Array, interpolate, smoothstep

FPS = 30.0
NUM_FRAMES = 300
TIMES = np.arange(NUM_FRAMES) / FPS

STANCE = 0.115  # Half the distance between the feet while standing [m].
TOE_OUT = 7.0  # How far the feet point outward [deg].
FACING = 24.0  # While standing: a little past the camera, to its right [deg].


@dataclass(frozen=True)
class Step:
    """One foot leaves the floor and comes down elsewhere.

    Attributes:
        side: +1 for the left foot, -1 for the right.
        lift, land: When [s].
        place: Where the ankle stands afterwards: x, y [m] and heading [deg].
        height: How high the foot is swung [m].
        roll: Pitch at toe-off and at heel strike, heel up is positive [deg].
        air: Way through the air, rows `(t, x, y, z, pitch)` as seen by somebody who
            heads along -y from the origin; empty for a plain step.
    """

    side: int
    lift: float
    land: float
    place: tuple[float, float, float]
    height: float = 0.05
    roll: tuple[float, float] = (14.0, -3.0)
    air: tuple[tuple[float, float, float, float, float], ...] = ()


@dataclass(frozen=True, eq=False)
class FootTrack:
    """One foot over time, each of shape `(F,)`.

    `x, y` [m] and `yaw` [deg] are those of the flat foot, `lift` [m] its height above
    the floor; `pitch` [deg] turns it about the ball (heel up) or the heel (toes up).
    `planted` is 1 while the foot carries weight.
    """

    x: Array
    y: Array
    yaw: Array
    lift: Array
    pitch: Array
    planted: Array


@dataclass(frozen=True, eq=False)
class Motion:
    """The whole performance; angles and places by name, each of shape `(F,)`."""

    left_foot: FootTrack
    right_foot: FootTrack
    curves: dict[str, Array] = field(default_factory=dict)


def perform() -> Motion:
    """Return the performance: walk in, wave, squat, kick, turn all the way round."""
    steps = [*_walk(), *_kick(), *_turn()]
    left = _foot_track(+1, steps)
    right = _foot_track(-1, steps)
    curves = _trunk_curves(left, right)
    curves |= _arm_curves(left, right, curves)
    return Motion(left, right, curves)


def curve(*keys: tuple[float, float]) -> Array:
    """Return a smooth curve over all frames through `(t, value)` keys, `(F,)`."""
    table = np.array([(-1.0, keys[0][1]), *keys, (TIMES[-1] + 1.0, keys[-1][1])])
    return interpolate(TIMES, table)[:, 0]


def soften(values: Array, sigma: float) -> Array:
    """Return `values` smoothed by a Gaussian of `sigma` seconds, shape kept."""
    reach = int(np.ceil(3.0 * sigma * FPS))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (sigma * FPS)) ** 2)
    # Keep going at the ends as the motion did, or people would start from rest.
    before = 2.0 * values[0] - values[reach:0:-1]
    after = 2.0 * values[-1] - values[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, values, after])
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


WALK_STRAIGHT = 2.5  # Before the path turns toward the camera [m].
WALK_RADIUS = 0.8


def _on_path(distance: float, side: int) -> tuple[float, float, float]:
    """Return a footprint beside the path in, at a distance along it [m]."""
    angle = np.clip((distance - WALK_STRAIGHT) / WALK_RADIUS, 0.0, np.pi / 2)
    ahead = min(distance - WALK_STRAIGHT, 0.0)
    x = -WALK_RADIUS + ahead + WALK_RADIUS * np.sin(angle)
    y = WALK_RADIUS * np.cos(angle)
    yaw = 90.0 - np.degrees(angle) * (90.0 - FACING) / 90.0
    return _beside(x, y, yaw, side, 0.085)


def _beside(
    x: float, y: float, yaw: float, side: int, distance: float
) -> tuple[float, float, float]:
    """Return the footprint of one foot of a body at `x, y` that heads to `yaw`."""
    angle = np.radians(yaw)
    return (
        x + side * distance * np.cos(angle),
        y + side * distance * np.sin(angle),
        yaw + side * TOE_OUT,
    )


START = {+1: _on_path(-0.30, +1), -1: _on_path(0.36, -1)}


def _walk() -> list[Step]:
    roll = (38.0, -20.0)
    distances = [1.02, 1.68, 2.32, 2.92, 3.42]
    steps = [
        Step(side, lift, lift + 0.40, _on_path(distance, side), 0.055, roll)
        for distance, lift, side in zip(
            distances, np.arange(5) * 0.52 + 0.02, [1, -1, 1, -1, 1]
        )
    ]
    return [
        *steps,
        Step(-1, 2.62, 3.00, _beside(0, 0, FACING, -1, STANCE), 0.05, (25.0, -8.0)),
        Step(+1, 3.06, 3.40, _beside(0, 0, FACING, +1, STANCE), 0.05, (18.0, -3.0)),
    ]


def _kick() -> list[Step]:
    home = _beside(0, 0, FACING, -1, STANCE)
    air = (
        (6.82, -0.11, 0.03, 0.16, 30.0),
        (6.98, -0.10, -0.16, 0.42, 30.0),
        (7.12, -0.09, -0.68, 0.74, 15.0),
        (7.18, -0.09, -0.74, 0.78, 8.0),
        (7.32, -0.10, -0.30, 0.46, 25.0),
        (7.48, -0.11, -0.02, 0.12, 14.0),
    )
    return [Step(-1, 6.68, 7.60, home, 0.0, (24.0, -2.0), air)]


def _turn() -> list[Step]:
    headings = [58.0, 118.0, 182.0, 242.0, 302.0, 360.0, 360.0]
    sides = [1, -1, 1, -1, 1, -1, 1]
    return [
        Step(side, lift, lift + 0.28, _beside(0, 0, FACING + heading, side, STANCE))
        for heading, lift, side in zip(headings, 7.66 + 0.30 * np.arange(7), sides)
    ]


def _foot_track(side: int, steps: list[Step]) -> FootTrack:
    x, y, yaw = (np.full(NUM_FRAMES, value) for value in START[side])
    lift, planted = np.zeros(NUM_FRAMES), np.ones(NUM_FRAMES)
    pitch_keys = [(-0.5, 0.0)]
    for step in (step for step in steps if step.side == side):
        before = (x[-1], y[-1], yaw[-1])
        u = np.clip((TIMES - step.lift) / (step.land - step.lift), 0.0, 1.0)
        for track, start, end in zip((x, y, yaw), before, step.place):
            track[u > 0.0] = (start + (end - start) * _ease(u))[u > 0.0]
        lift += step.height * np.sin(np.pi * u) ** 1.3
        planted[(u > 0.0) & (u < 1.0)] = 0.0
        pitch_keys += _pitch_keys(step)
        if step.air:
            _fly(step, before, (x, y, lift))
    return FootTrack(x, y, yaw, lift, curve(*pitch_keys), planted)


def _ease(u: Array) -> Array:
    """Return progress of a swinging foot: quick from the toe, soft onto the heel."""
    return u * u * (3.0 - 2.0 * u)


def _pitch_keys(step: Step) -> list[tuple[float, float]]:
    off, strike = step.roll
    if step.air:
        through = [(t, pitch) for t, _, _, _, pitch in step.air]
        return [(step.lift - 0.18, 0.0), (step.lift, off), *through, (step.land, 0.0)]
    swing = step.land - step.lift
    return [
        (step.lift - 0.5 * swing, 0.0),
        (step.lift, off),
        (step.lift + 0.55 * swing, 0.0),
        (step.land - 0.02, strike),
        (step.land + 0.10, 0.0),
    ]


def _fly(
    step: Step, before: tuple[float, float, float], tracks: tuple[Array, Array, Array]
) -> None:
    keys = [(step.lift, before[0], before[1], 0.0)]
    keys += [(t, *_turned(x, y, FACING), z) for t, x, y, z, _ in step.air]
    keys += [(step.land, step.place[0], step.place[1], 0.0)]
    way = soften_rows(interpolate(TIMES, np.array(keys)), 0.035)
    flying = (step.lift < TIMES) & (step.land > TIMES)
    fade = smoothstep(0.0, 0.1, np.minimum(TIMES - step.lift, step.land - TIMES))
    for track, values in zip(tracks, way.T):
        track[flying] += (fade * (values - track))[flying]


def _turned(x: float, y: float, yaw: float) -> tuple[float, float]:
    c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    return c * x - s * y, s * x + c * y


def soften_rows(values: Array, sigma: float) -> Array:
    """Return each column of `values` smoothed; see `soften`."""
    return np.stack([soften(column, sigma) for column in values.T], axis=1)


def _trunk_curves(left: FootTrack, right: FootTrack) -> dict[str, Array]:
    weight_left = soften(left.planted, 0.06) + 1e-3
    weight_right = soften(right.planted, 0.06) + 1e-3
    share = weight_left / (weight_left + weight_right)
    heading = soften(0.5 * (left.yaw + right.yaw), 0.10)
    squat = curve((5.15, 0.0), (5.80, 1.0), (5.95, 1.0), (6.55, 0.0))
    walking = curve((2.7, 1.0), (3.3, 0.0))
    kicking = curve((6.6, 0.0), (6.95, 1.0), (7.25, 1.0), (7.6, 0.0))
    waving = curve((3.4, 0.0), (3.8, 1.0), (4.6, 1.0), (5.0, 0.0))
    x = soften(share * left.x + (1.0 - share) * right.x, 0.17)
    y = soften(share * left.y + (1.0 - share) * right.y, 0.17)
    sine, cosine = np.sin(np.radians(heading)), np.cos(np.radians(heading))
    back = 0.16 * squat + 0.02 * kicking
    x, y = x - sine * back, y + cosine * back
    ahead_left = (left.x - x) * sine - (left.y - y) * cosine
    ahead_right = (right.x - x) * sine - (right.y - y) * cosine
    stride = soften(ahead_left - ahead_right, 0.03)
    return {
        "x": x + 0.012 * waving * cosine,
        "y": y,
        "drop": 0.004 + 0.014 * walking + 0.42 * squat + 0.03 * kicking,
        "heading": heading,
        "stride": stride * (0.25 + 0.75 * walking),
        "walking": walking,
        "squat": squat,
        "kicking": kicking,
        "waving": waving,
        "pelvis_yaw": -7.0 * stride * walking,
        "pelvis_pitch": 24.0 * squat - 6.0 * kicking + 2.0 * walking,
        "pelvis_roll": 3.5 * soften(weight_right - weight_left, 0.08) * walking,
        "lean": 24.0 * squat - 10.0 * kicking + 3.0 * walking + _sway(0.7, 0.31),
        "side": 3.0 * waving - 5.0 * kicking + _sway(0.6, 0.23),
        "twist": 16.0 * stride * walking + 12.0 * kicking + _sway(0.8, 0.17),
        "head_yaw": _look_ahead(heading) - 4.0 * waving,
        "head_pitch": -26.0 * squat + 8.0 * kicking + _sway(1.0, 0.37),
        "head_roll": -5.0 * waving + _sway(0.8, 0.29),
    }


def _sway(size: float, frequency: float) -> Array:
    """Return the small unrest of somebody who stands, in degrees, shape `(F,)`."""
    phase = 2.0 * np.pi * frequency * TIMES
    return size * (np.sin(phase + 9.0 * frequency) + 0.5 * np.sin(2.3 * phase))


def _look_ahead(heading: Array) -> Array:
    """Return how far the head turns toward where the body will soon face [deg]."""
    soon = np.interp(TIMES + 0.30, TIMES, heading)
    return soften(np.clip(1.1 * (soon - heading), -55.0, 55.0), 0.06)


def _arm_curves(
    left: FootTrack, right: FootTrack, trunk: dict[str, Array]
) -> dict[str, Array]:
    swing = 30.0 * trunk["stride"]
    squat, waving, kicking = trunk["squat"], trunk["waving"], trunk["kicking"]
    turning = soften(0.5 * np.gradient(left.yaw + right.yaw, TIMES) / 180.0, 0.12)
    # The whole forearm waves from the elbow: about two beats a second.
    beat = np.sin(2.0 * np.pi * 2.1 * (TIMES - 3.72))
    wave = waving * smoothstep(3.6, 3.9, TIMES) * (1.0 - smoothstep(4.6, 4.8, TIMES))
    rest = 1.0 - waving
    reach = 104.0 * squat
    return {
        "left_flex": reach - swing + 28.0 * kicking + 4.0 + _sway(1.0, 0.27),
        "right_flex": reach + (swing - 32.0 * kicking) * rest + 4.0 + 22.0 * waving,
        "left_abduct": 7.0 + 5.0 * squat + 20.0 * kicking + 14.0 * turning,
        "right_abduct": (
            7.0 + 5.0 * squat + 26.0 * kicking + 14.0 * turning + 66.0 * waving
        ),
        "left_twist": -8.0 - 10.0 * squat,
        "right_twist": -8.0 - 10.0 * squat + 92.0 * waving,
        "left_elbow": 18.0 + np.clip(-0.6 * swing, 0.0, None) + 50.0 * kicking
        - 4.0 * squat + 12.0 * turning,
        "right_elbow": 18.0 + np.clip(0.6 * swing, 0.0, None) * rest + 42.0 * kicking
        - 4.0 * squat + 12.0 * turning + 62.0 * waving + 24.0 * wave * beat,
        "left_pronate": 10.0 + 35.0 * squat,
        "right_pronate": 10.0 + 35.0 * squat - 6.0 * waving,
        "left_wrist": _sway(2.0, 0.21),
        "right_wrist": _sway(2.0, 0.25) + 12.0 * wave * np.roll(beat, 2),
        "left_curl": 17.0 - 8.0 * squat + 30.0 * kicking,
        "right_curl": 17.0 - 8.0 * squat + 30.0 * kicking - 17.0 * waving,
    }  # fmt: skip
