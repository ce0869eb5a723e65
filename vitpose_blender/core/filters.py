# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals over time: one-euro while live, zero-phase when baking, gaps, re-timing.

Times are seconds and need not be evenly spaced. Missing values are NaN; no filter
invents a value, except `fill_gaps` and `resample`, which say how far they reach.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .types import FloatArray

MAX_GAP = 0.15  # A filter that was blind for longer starts afresh [s].
REST_SHARE = 0.15  # Of the cut-off, for what rests [1].
REST_SPEED = 0.25  # Half-way between rest and motion [m/s].
HOLD_CUTOFF = 0.07  # Of what stands still [Hz].
# What rests and yet strays this far from its mean course sways, and may [m].
HOLD_STRAY = 0.01
_REACH = 4.0  # A Gaussian is over after so many sigmas.
_CHUNK = 512  # Frames smoothed at once; bounds the memory of a long take.


@dataclass(frozen=True)
class OneEuroSettings:
    """How a one-euro filter trades jitter against lag.

    Attributes:
        min_cutoff: Cut-off of what stands still [Hz]; lower is calmer.
        beta: What a speed of one size a second adds to it [Hz]; higher follows sooner.
        derivative_cutoff: Cut-off of the speed itself [Hz].
    """

    min_cutoff: float
    beta: float
    derivative_cutoff: float = 1.5


@dataclass(frozen=True)
class ZeroPhaseSettings:
    """How strongly baking smooths; cut-offs at -3 dB [Hz], higher keeps more.

    Attributes:
        keypoints: Of the 2D keypoints.
        joints: Of the joints about the pelvis.
        root: Of the pelvis in the room.
    """

    keypoints: float
    joints: float
    root: float


@dataclass(frozen=True)
class FilterPreset:
    """One of the choices a person has: how calm, at the price of how much detail."""

    live: OneEuroSettings
    baked: ZeroPhaseSettings
    memory: float  # Of the live filter of joints, see `FollowFilter` [s].


PRESETS: dict[str, FilterPreset] = {
    "crisp": FilterPreset(
        OneEuroSettings(min_cutoff=3.0, beta=12.0),
        ZeroPhaseSettings(10.0, 7.0, 3.0),
        0.04,
    ),
    "balanced": FilterPreset(
        OneEuroSettings(min_cutoff=1.0, beta=8.0),
        ZeroPhaseSettings(7.0, 3.5, 2.0),
        0.06,
    ),
    "smooth": FilterPreset(
        OneEuroSettings(min_cutoff=0.7, beta=2.5),
        ZeroPhaseSettings(4.0, 2.0, 1.0),
        0.12,
    ),
}


class OneEuroFilter:
    """Low-pass filter whose cut-off rises with speed (Casiez, Roussel, Vogel 2012).

    What stands still is smoothed hard, what moves is followed closely. Each row is
    filtered for itself; a row that was missing for longer than `MAX_GAP` starts
    afresh at its next value instead of being dragged there from the old one.
    """

    def __init__(self, settings: OneEuroSettings) -> None:
        self._settings = settings
        self._value: FloatArray | None = None
        self._speed: FloatArray = np.zeros(0)
        self._seen: FloatArray = np.zeros(0)
        self._t = 0.0

    def step(
        self,
        t: float,
        values: FloatArray,
        size: float = 1.0,
        trust: FloatArray | None = None,
    ) -> FloatArray:
        """Return the filtered values; NaN rows stay NaN.

        Args:
            t: Time of the values [s]; one that goes back starts the filter afresh.
            values: Shape `(K, D)`.
            size: Of the thing that moves, in the unit of `values`: it makes the
                settings independent of how large the person is in the picture.
            trust: Of each row, shape `(K,)`, in [0, 1]; less is smoothed more.
        """
        dt = t - self._t
        if self._value is None or dt < 0.0 or self._value.shape != values.shape:
            self._start(t, values)
        elif dt > 0.0:
            self._advance(t, values, size, trust)
        assert self._value is not None
        missing = ~np.isfinite(values).all(axis=1, keepdims=True)
        return np.where(missing, np.nan, self._value)

    def _start(self, t: float, values: FloatArray) -> None:
        known = np.isfinite(values).all(axis=1)
        self._value = np.array(values, dtype=np.float64)
        self._speed = np.zeros_like(self._value)
        self._seen = np.where(known, t, -np.inf)
        self._t = t

    def _advance(
        self, t: float, values: FloatArray, size: float, trust: FloatArray | None
    ) -> None:
        assert self._value is not None
        settings = self._settings
        known = np.isfinite(values).all(axis=1)
        dt = np.maximum(t - self._seen, 1e-6)
        fresh = known & (self._seen < self._t) & ~(dt <= MAX_GAP)
        follow = known & ~fresh

        step = (values - self._value)[follow]
        dt_rows = dt[follow][:, np.newaxis]
        weight = _weight(settings.derivative_cutoff, dt_rows)
        speed = self._speed[follow]
        speed = speed + weight * (step / dt_rows - speed)
        pace = np.linalg.norm(speed, axis=1, keepdims=True) / max(size, 1e-9)
        gain = _weight(settings.min_cutoff + settings.beta * pace, dt_rows)
        if trust is not None:
            gain = gain * np.clip(trust[follow], 0.0, 1.0)[:, np.newaxis]
        self._value[follow] += gain * step
        self._speed[follow] = speed
        self._value[fresh], self._speed[fresh] = values[fresh], 0.0
        self._seen[known] = t
        self._t = t


def _weight(cutoff_hz: FloatArray | float, dt: FloatArray) -> FloatArray:
    """Return the weight of a new value in a first-order low-pass filter."""
    ratio = 2 * np.pi * cutoff_hz * dt
    weight: FloatArray = ratio / (ratio + 1)
    return weight


def zero_phase(
    times: Sequence[float] | FloatArray, values: FloatArray, cutoff_hz: float
) -> FloatArray:
    """Return the values smoothed without lag, by lines fitted under a Gaussian.

    A straight line fitted around each frame keeps constant motion exactly, at the
    ends and beside gaps too, where a plain average would bend it.

    Args:
        times: Rising, shape `(F,)` [s].
        values: Shape `(F, ...)`; NaN stays NaN and has no influence.
        cutoff_hz: Where a sine keeps 1 / sqrt(2) of its size [Hz].
    """
    t = np.asarray(times, dtype=np.float64)
    flat = np.asarray(values, dtype=np.float64).reshape(len(t), -1)
    known = np.isfinite(flat)
    filled = np.where(known, flat, 0.0)
    sigma = np.sqrt(np.log(2)) / (2 * np.pi * cutoff_hz)
    result = np.empty_like(flat)
    for start in range(0, len(t), _CHUNK):
        end = min(start + _CHUNK, len(t))
        low = np.searchsorted(t, t[start] - _REACH * sigma)
        high = np.searchsorted(t, t[end - 1] + _REACH * sigma, side="right")
        part = slice(int(low), int(high))
        offset = t[part] - t[start:end, np.newaxis]
        kernel = np.exp(-0.5 * (offset / sigma) ** 2)
        result[start:end] = _line_fit(kernel, offset / sigma, known[part], filled[part])
    smoothed: FloatArray = np.where(known, result, np.nan).reshape(np.shape(values))
    return smoothed


def calm(
    times: Sequence[float] | FloatArray, xyz: FloatArray, cutoff_hz: float
) -> FloatArray:
    """Return points smoothed without lag, those that rest much more than others.

    What rests shows every tremble; what moves hides it and must keep its detail. What
    stands still for seconds is held nearly in place.

    Args:
        times: Rising, shape `(F,)` [s].
        xyz: Points, shape `(F, J, 3)` [m]; NaN stays NaN.
        cutoff_hz: Of what moves; what rests gets `REST_SHARE` of it [Hz].
    """
    resting = zero_phase(times, xyz, cutoff_hz * REST_SHARE)
    if len(xyz) < 2:
        return resting
    moves = _motion(times, xyz, cutoff_hz)
    held = zero_phase(times, xyz, HOLD_CUTOFF)
    # Noise strays little; someone who slowly sways or turns strays further.
    stray = _mean_square(times, resting - held, 3 * HOLD_CUTOFF) / HOLD_STRAY**2
    sways = stray**2 + moves
    resting = held + (resting - held) * sways / (sways + 1)
    moving = zero_phase(times, xyz, cutoff_hz)
    blended: FloatArray = resting + (moving - resting) * moves
    return blended


def _motion(
    times: Sequence[float] | FloatArray, xyz: FloatArray, cutoff_hz: float
) -> FloatArray:
    """Return how much points move, 0 to 1, shape `(F, J, 1)`."""
    course = zero_phase(times, xyz, cutoff_hz * 0.4)
    velocity = np.gradient(course, np.asarray(times), axis=0)
    # A swing that turns back stands still for a moment only, so the speed around it
    # counts.
    ratio = _mean_square(times, velocity, cutoff_hz * REST_SHARE) / REST_SPEED**2
    share: FloatArray = ratio / (ratio + 1)
    return share


def _mean_square(
    times: Sequence[float] | FloatArray, vectors: FloatArray, cutoff_hz: float
) -> FloatArray:
    """Return the square of vectors around each time, `(F, J, 1)`; 0 if unknown."""
    square = np.nan_to_num(vectors**2).sum(axis=-1, keepdims=True)
    mean: FloatArray = np.maximum(zero_phase(times, square, cutoff_hz), 0.0)
    return mean


def _line_fit(
    kernel: FloatArray, offset: FloatArray, known: FloatArray, values: FloatArray
) -> FloatArray:
    """Return the value at offset 0 of lines fitted under `kernel` `(out, in)`."""
    mask = known.astype(np.float64)
    s0, s1, s2 = (kernel * offset**power @ mask for power in range(3))
    m0, m1 = (kernel * offset**power @ values for power in range(2))
    determinant = s0 * s2 - s1**2
    # One lone frame fixes no line; its own value is the best answer.
    line = determinant > 1e-6 * np.maximum(s0, 1e-300) ** 2
    mean = m0 / np.maximum(s0, 1e-300)
    fitted: FloatArray = np.where(
        line, (s2 * m0 - s1 * m1) / np.where(line, determinant, 1.0), mean
    )
    return fitted


def fill_gaps(
    times: Sequence[float] | FloatArray, values: FloatArray, max_gap: float
) -> FloatArray:
    """Return the values with short gaps bridged by straight lines.

    Args:
        times: Rising, shape `(F,)` [s].
        values: Shape `(F, ...)`; NaN where missing, each column by itself.
        max_gap: Longest time between two known values that is bridged [s].
    """
    t = np.asarray(times, dtype=np.float64)
    return resample(t, values, t, max_gap)


def resample(
    times_src: Sequence[float] | FloatArray,
    values: FloatArray,
    times_dst: Sequence[float] | FloatArray,
    max_gap: float,
) -> FloatArray:
    """Return the values at other times, by linear interpolation.

    Args:
        times_src: Rising, shape `(F,)` [s].
        values: Shape `(F, ...)`; NaN where missing, each column by itself.
        times_dst: Wanted times, shape `(G,)` [s].
        max_gap: Longest time between two known values that is bridged [s].

    Returns:
        Shape `(G, ...)`; NaN inside longer gaps, before the first known value and
        after the last.
    """
    t_src = np.asarray(times_src, dtype=np.float64)
    t_dst = np.asarray(times_dst, dtype=np.float64)
    flat = np.asarray(values, dtype=np.float64).reshape(len(t_src), -1)
    result = np.full((len(t_dst), flat.shape[1]), np.nan)
    for column in range(flat.shape[1]):
        known = np.isfinite(flat[:, column])
        if known.any():
            result[:, column] = _interpolate(
                t_src[known], flat[known, column], t_dst, max_gap
            )
    return result.reshape(len(t_dst), *np.shape(values)[1:])


def _interpolate(
    t_known: FloatArray, known: FloatArray, t: FloatArray, max_gap: float
) -> FloatArray:
    after = np.clip(np.searchsorted(t_known, t), 0, len(t_known) - 1)
    before = np.maximum(after - 1, 0)
    hit = t_known[after] == t
    inside = (t >= t_known[0]) & (t <= t_known[-1])
    bridged = t_known[after] - t_known[before] <= max_gap + 1e-9
    interpolated: FloatArray = np.where(
        hit | (inside & bridged), np.interp(t, t_known, known), np.nan
    )
    return interpolated
