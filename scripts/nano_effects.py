# SPDX-License-Identifier: GPL-3.0-or-later
"""What cameras and codecs do to a picture, and things that hide a part of it."""

import cv2
import numpy as np
import numpy.typing as npt

from nano_backgrounds import Picture, vary


def occlude(
    picture: Picture, bank: list[Picture], rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Put a thing before the people; return where it is."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), dtype=np.uint8)
    center = rng.uniform([0, 0], [width, height])
    reach = np.array([rng.uniform(12, 70), rng.uniform(12, 80)])
    if rng.random() < 0.5:
        a, b = center - reach, center + reach
        cv2.rectangle(mask, a.astype(int).tolist(), b.astype(int).tolist(), 1, -1)
    else:
        turn = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(4, 10)))
        away = rng.uniform(0.6, 1.0, (len(turn), 1))
        shape = center + np.stack([np.cos(turn), np.sin(turn)], 1) * away * reach
        cv2.fillPoly(mask, [shape.astype(np.int32)], 1)
    thing = vary(bank[rng.integers(len(bank))], (width, height), rng)
    if rng.random() < 0.3:
        thing[:] = rng.integers(0, 256, 3)
    hidden = mask > 0
    picture[hidden] = thing[hidden]
    return hidden


def spoil(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return a picture as a real camera and a codec would give it."""
    if rng.random() < 0.15:
        picture = _smeared(picture, rng)
    if rng.random() < 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.8))
    if rng.random() < 0.25:
        picture = _shrunk(picture, rng.uniform(1.3, 4.0))
    if rng.random() < 0.8:
        picture = _graded(picture, rng)
    if rng.random() < 0.35:
        noise = np.empty(picture.shape, dtype=np.int16)
        cv2.setRNGSeed(int(rng.integers(2**31)))
        cv2.randn(noise, 0, rng.uniform(2, 14))
        picture = cv2.add(picture, noise, dtype=cv2.CV_8U)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(15, 85))]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], 1)
    return picture


def _smeared(picture: Picture, rng: np.random.Generator) -> Picture:
    length = int(rng.integers(3, 12))
    kernel = np.zeros((length, length), dtype=np.float32)
    way = np.array([np.cos(a := rng.uniform(0, np.pi)), np.sin(a)]) * length / 2
    middle = np.full(2, length / 2 - 0.5)
    start, end = (middle - way).astype(int), (middle + way).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
    smeared: Picture = cv2.filter2D(picture, -1, kernel / max(kernel.sum(), 1))
    return smeared


def _shrunk(picture: Picture, factor: float) -> Picture:
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture,
        (int(width / factor), int(height / factor)),
        interpolation=cv2.INTER_AREA,
    )
    back: Picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return back


def _graded(picture: Picture, rng: np.random.Generator) -> Picture:
    """Change brightness, contrast and colours by one curve a channel."""
    level = np.arange(256)[None, :, None] / 255
    gain = rng.uniform(0.75, 1.3) * (1 + rng.normal(0, 0.06, 3))
    curve = np.clip(level * gain + rng.normal(0, 0.03), 0, 1) ** rng.uniform(0.7, 1.5)
    graded: Picture = cv2.LUT(picture, (curve * 255).astype(np.uint8))
    return graded
