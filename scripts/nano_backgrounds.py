# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands behind rendered people, and before them: rooms, clutter, real places.

Half is drawn here (rooms, sky and ground, piles of random shapes), half cut from
footage that is free to use. Nothing is taken from footage or cameras that serve as
tests.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
SIZE = (320, 320)  # Width and height in the bank [px].
# Videos, and how many frames of each to cut from.
FOOTAGE = (
    ("footage/video/sports2d_1.mp4", 24),
    ("footage/video/sports2d_2.mp4", 40),
    *((f"multiview/pose2sim/two_people/videos_HEAD/cam0{n}.mp4", 6) for n in (1, 2, 3)),
    *((f"multiview/pose2sim/single_static/videos/cam0{n}.mp4", 2) for n in (1, 2, 3)),
)
IMAGES = ("footage/images/coral_test_couple.jpg",)


def make_bank(
    shared: Path | None, count: int, rng: np.random.Generator
) -> list[Picture]:
    """Return `count` RGB pictures of `SIZE`; without `shared` all are drawn here."""
    frames = list(_frames(shared / "data")) if shared else []
    bank = []
    for number in range(count):
        if frames and number % 2:
            bank.append(_cut(frames[rng.integers(len(frames))], rng))
        else:
            draw = (_room, _outdoors, _pile, _pile)[rng.integers(4)]
            bank.append(np.clip(draw(rng) * 255, 0, 255).astype(np.uint8))
    return bank


def vary(picture: Picture, size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Return a part of a picture of the bank, mirrored and tinted at random."""
    height, width = picture.shape[:2]
    share = rng.uniform(0.35, 1.0)
    w, h = int(width * share * 0.75), int(height * share)
    x, y = rng.integers(width - w + 1), rng.integers(height - h + 1)
    part = cv2.resize(picture[y : y + h, x : x + w], size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        part = part[:, ::-1]
    gain = rng.uniform(0.6, 1.2) * rng.uniform(0.85, 1.15, 3)
    table = np.clip(np.arange(256)[:, None] * gain, 0, 255).astype(np.uint8)
    tinted: Picture = cv2.LUT(
        np.ascontiguousarray(part), table[:, None, :].reshape(1, 256, 3)
    )
    return tinted


def _frames(data: Path):  # type: ignore[no-untyped-def]
    for name, count in FOOTAGE:
        capture = cv2.VideoCapture(str(data / name))
        total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        wanted = set(np.linspace(0, max(total - 2, 0), count).astype(int).tolist())
        for number in range(total):
            if not capture.grab():
                break
            if number in wanted:
                yield capture.retrieve()[1]
        capture.release()
    for name in IMAGES:
        picture = cv2.imread(str(data / name))
        if picture is not None:
            yield picture


def _cut(frame: Picture, rng: np.random.Generator) -> Picture:
    height, width = frame.shape[:2]
    side = int(min(height, width) * rng.uniform(0.25, 1.0))
    x, y = rng.integers(width - side + 1), rng.integers(height - side + 1)
    part = frame[y : y + side, x : x + side, ::-1]
    cut: Picture = cv2.resize(part, SIZE, interpolation=cv2.INTER_AREA)
    return cut


def noise(rng: np.random.Generator, roughness: float = 0.55) -> npt.NDArray[np.float32]:
    """Return fractal noise between 0 and 1, of `SIZE`."""
    total = np.zeros(SIZE[::-1], dtype=np.float32)
    for octave in range(7):
        cells = 2 ** (octave + 1)
        grid = rng.random((cells, cells), dtype=np.float32)
        wide = cv2.resize(grid, SIZE, interpolation=cv2.INTER_CUBIC)
        total += wide * np.float32(roughness**octave)
    low, high = float(total.min()), float(total.max())
    scaled: npt.NDArray[np.float32] = (total - low) / max(high - low, 1e-6)
    return scaled


def _color(rng: np.random.Generator, gray: float = 0.5):  # type: ignore[no-untyped-def]
    shade = rng.uniform(0.05, 1.0)
    return np.clip(shade + (rng.random(3) - 0.5) * (1 - gray), 0, 1)


def _texture(rng: np.random.Generator):  # type: ignore[no-untyped-def]
    """Return a surface: plain, noisy, striped, tiled, like bricks."""
    first, second = _color(rng, 0.6), _color(rng, 0.6)
    second = first + (second - first) * rng.uniform(0.05, 1.0)
    kind = rng.integers(5)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
    turn, step = rng.uniform(0, np.pi), rng.uniform(4, 50)
    u = (np.cos(turn) * x + np.sin(turn) * y) / step
    v = (np.cos(turn) * y - np.sin(turn) * x) / step
    if kind == 0:
        mask = np.full_like(x, 0.5)
    elif kind == 1:
        mask = noise(rng, rng.uniform(0.4, 0.8))
    elif kind == 2:
        mask = (u % 1 < rng.uniform(0.05, 0.6)).astype(np.float32)
    elif kind == 3:
        mask = ((u % 1 < 0.08) | (v % 1 < 0.08)).astype(np.float32)
    else:
        mask = ((v % 1 < 0.1) | ((u + 0.5 * np.floor(v)) / 2 % 1 < 0.05)).astype(
            np.float32
        )
    mask = mask * 0.85 + 0.15 * noise(rng, 0.8)
    return first + (second - first) * mask[..., None]


def _room(rng: np.random.Generator):  # type: ignore[no-untyped-def]
    picture = (
        _texture(rng) * np.linspace(rng.uniform(0.6, 1.1), 1, SIZE[0])[None, :, None]
    )
    horizon = int(SIZE[1] * rng.uniform(0.45, 0.95))
    picture[horizon:] = _texture(rng)[horizon:] * rng.uniform(0.4, 1.0)
    for _ in range(rng.integers(2, 14)):
        w, h = rng.integers(10, 150), rng.integers(10, 190)
        x, y = rng.integers(-40, SIZE[0]), rng.integers(-40, SIZE[1])
        part = picture[max(y, 0) : y + h, max(x, 0) : x + w]
        fill = (
            _texture(rng)
            if rng.random() < 0.5
            else np.ones((*SIZE[::-1], 3)) * _color(rng)
        )
        part[:] = fill[: part.shape[0], : part.shape[1]] * rng.uniform(0.5, 1.1)
        if rng.random() < 0.5:
            corners = [(int(x), int(y)), (int(x + w), int(y + h))]
            color, thickness = tuple(map(float, _color(rng))), int(rng.integers(1, 6))
            cv2.rectangle(picture, *corners, color, thickness)
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 3.0))


def _outdoors(rng: np.random.Generator):  # type: ignore[no-untyped-def]
    y = np.linspace(0, 1, SIZE[1])[:, None, None]
    sky = np.array([0.55, 0.7, 0.95]) * rng.uniform(0.5, 1.1) + rng.normal(0, 0.05, 3)
    picture = sky + (np.ones(3) - sky) * y * rng.uniform(0, 0.9)
    picture = np.tile(picture, (1, SIZE[0], 1)) + 0.15 * noise(rng)[..., None]
    for _ in range(rng.integers(1, 5)):
        edge = noise(rng, 0.6)[SIZE[1] // 2] * rng.uniform(20, 160)
        top = rng.uniform(0.15, 0.8) * SIZE[1] - edge
        below = np.arange(SIZE[1])[:, None] > top[None]
        picture[below] = (_texture(rng) * (0.4 + 0.6 * noise(rng, 0.8))[..., None])[
            below
        ]
    horizon = int(SIZE[1] * rng.uniform(0.5, 0.95))
    picture[horizon:] = (_texture(rng) * (0.6 + 0.4 * noise(rng, 0.85))[..., None])[
        horizon:
    ]
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 3.0))


def _pile(rng: np.random.Generator):  # type: ignore[no-untyped-def]
    """Return random shapes on one another, many small and few large."""
    picture = _texture(rng)
    textures = [_texture(rng) for _ in range(4)]
    for _ in range(rng.integers(10, 160)):
        size = 6 + 140 * rng.random() ** 3
        center = rng.uniform(0, SIZE[0], 2)
        corners = rng.integers(3, 9)
        turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
        reach = size * rng.uniform(0.5, 1.0, corners) * [[1], [rng.uniform(0.3, 1)]]
        shape = center + (np.stack([np.cos(turn), np.sin(turn)]) * reach).T
        if rng.random() < 0.7:
            cv2.fillPoly(
                picture, [shape.astype(np.int32)], tuple(map(float, _color(rng)))
            )
        else:
            mask = np.zeros(SIZE[::-1], dtype=np.uint8)
            cv2.fillPoly(mask, [shape.astype(np.int32)], 1)
            picture[mask > 0] = textures[rng.integers(4)][mask > 0]
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 2.0))
