"""Drawings of simple shapes, dark on light, made by code: the training data of `shapes` and its samples in the app."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

OVERSAMPLING = 4  # drawn this many times larger, then reduced, for smooth edges

Points = NDArray[np.float64]  # (N, 2), in units of the shape's radius, centre at 0


def draw(name: str, size: int, rng: np.random.Generator, noise: float = 0.06) -> NDArray[np.uint8]:
    """One drawing of the class `name` with random place, size, turn, thickness, ink, paper and noise.

    Returns uint8 (size, size). `noise` is the highest standard deviation of the grain, as a share of 255.
    """
    large = size * OVERSAMPLING
    radius = rng.uniform(0.26, 0.42)
    room = 0.5 - radius * 0.9
    centre = 0.5 + rng.uniform(-room, room, 2)
    turn = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = (SHAPES[name](rng) @ rotation * radius + centre) * large
    thickness = round(rng.uniform(1.2, 2.6) / 32 * large)
    paper, ink = rng.uniform(190, 255), rng.uniform(0, 90)

    canvas = Image.new("L", (large, large), round(paper))
    pen = ImageDraw.Draw(canvas)
    for start in range(0, len(points), 2) if name == "cross" else (0,):
        stroke = points[start : start + 2] if name == "cross" else points
        line = [(float(x), float(y)) for x, y in stroke]
        pen.line(line, fill=round(ink), width=thickness, joint="curve")
        for x, y in (line[0], line[-1]):
            pen.circle((x, y), thickness / 2 - 0.5, fill=round(ink))

    values = np.asarray(canvas.resize((size, size), Image.Resampling.BOX), np.float64)
    values = values + rng.normal(0, rng.uniform(0, noise) * 255, values.shape)
    return values.clip(0, 255).round().astype(np.uint8)


def _polygon(angles: Points, radii: Points) -> Points:
    corners = np.stack([np.cos(angles) * radii, np.sin(angles) * radii], 1)
    return np.concatenate([corners, corners[:1]])


def _circle(rng: np.random.Generator) -> Points:
    return _polygon(np.linspace(0, 2 * np.pi, 48, endpoint=False), np.full(48, rng.uniform(0.8, 1)))


def _triangle(rng: np.random.Generator) -> Points:
    angles = np.arange(3) * 2 * np.pi / 3 + rng.uniform(-0.25, 0.25, 3)
    return _polygon(angles, np.ones(3))


def _square(rng: np.random.Generator) -> Points:
    return _polygon(np.arange(4) * np.pi / 2 + np.pi / 4, np.ones(4)) * [1, rng.uniform(0.8, 1)]


def _star(rng: np.random.Generator) -> Points:
    radii = np.where(np.arange(10) % 2, rng.uniform(0.38, 0.48), 1.0)
    return _polygon(np.arange(10) * np.pi / 5, radii)


def _line(rng: np.random.Generator) -> Points:
    length = rng.uniform(0.8, 1)
    return np.array([[-length, 0], [length, 0]])


def _curve(rng: np.random.Generator) -> Points:
    sweep = rng.uniform(0.8, 1.3) * np.pi
    angles = np.linspace(-sweep / 2, sweep / 2, 32)
    return np.stack([np.cos(angles) - 0.4, np.sin(angles)], 1)


def _cross(rng: np.random.Generator) -> Points:
    arm = rng.uniform(0.8, 1)
    return np.array([[-1, 0], [1, 0], [0, -arm], [0, arm]])


SHAPES: dict[str, Callable[[np.random.Generator], Points]] = {
    "circle": _circle,
    "triangle": _triangle,
    "square": _square,
    "star": _star,
    "line": _line,
    "curve": _curve,
    "cross": _cross,
}
CLASSES = tuple(SHAPES)
