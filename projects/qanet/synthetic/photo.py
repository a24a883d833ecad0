# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a camera does to a scene: light, colour cast, blur and noise."""
import cv2
import numpy as np


def photograph(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Make a clean drawing look like a picture from a camera.

    Args:
        rng (np.random.Generator): Source of all draws.
        image (np.ndarray): (H, W, 3), uint8, BGR.

    Returns:
        np.ndarray: New image of the same shape and type.
    """
    blur = rng.uniform(0, .7)
    if blur > .35:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    image = cv2.LUT(image, _tone(rng))
    out = image * _light(rng, image.shape[0], image.shape[1])[..., None]
    strength = rng.uniform(1, 4)
    grain = rng.standard_normal(image.shape[:2], np.float32)
    out += strength * grain[..., None]
    return np.clip(out, 0, 255).astype(np.uint8)


def _tone(rng: np.random.Generator) -> np.ndarray:
    """Look-up table with exposure, contrast and colour cast."""
    grey = np.arange(256) / 255.
    gain = rng.uniform(.94, 1.14) * rng.normal(1, .04, 3)
    gamma = rng.uniform(.75, 1.1)
    lift = rng.uniform(0, .06)
    table = lift + (1 - lift) * grey[:, None]**gamma * gain
    return np.clip(table * 255, 0, 255).astype(np.uint8)[None]


def _light(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Light that fades across the picture and towards its corners."""
    angle, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0, .25)
    x = np.linspace(-1, 1, width, dtype=np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    ramp = slope * (np.cos(angle) * x + np.sin(angle) * y)
    vignette = rng.uniform(0, .14) * (x * x + y * y)
    return (1 + ramp - vignette).astype(np.float32)
