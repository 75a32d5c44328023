"""Makes a picture of a page as Tesseract reads it best: grey, large, level, without noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from jobs.extraction.readers.picture_file import flattened

# The longer side of a page between about 150 and 450 dots an inch, in pixels.
SMALLEST, LARGEST = 1700, 5200
LARGEST_FACTOR = 4
# A grey page of this is blank: the difference between its darkest and lightest parts.
BLANK_CONTRAST = 24
# The light on the paper is that of the brightest of so many pixels around, and even if its darkest
# part has this share of the lightest. White letters on black have none.
LIGHT_FACTOR, EVEN_SHARE, DARK = 16, 0.8, 90
LIGHT, DARKEST_PAPER = 250, 30
# The median of a second derivative, which is 0 on a page without noise.
NOISY = 30
NOISE_SAMPLE = 1200
NOISE_RADIUS = 2
STRIP_ROWS = 256
# Text that runs so much askew is straightened, in degrees; Tesseract puts up with less.
MIN_ASKEW, MAX_ASKEW = 0.7, 12.0
ASKEW_STEP = 0.25
ASKEW_WIDTH = 600
# A slope must make rows of text so much clearer.
CLEARER = 1.1

Grey = Any  # np.ndarray, whose types say little


def in_grey(image: Image.Image) -> Image.Image:
    """Return a picture in grey, not larger than it is read."""
    grey = flattened(image).convert("L")
    return grey.reduce(max(1, math.ceil(max(grey.size) / LARGEST)))


def enlarged(grey: Image.Image) -> Image.Image:
    """Return a picture with its letters about as high as Tesseract expects."""
    factor = min(LARGEST_FACTOR, math.ceil(SMALLEST / max(grey.size)))
    if factor <= 1:
        return grey
    size = (grey.width * factor, grey.height * factor)
    return grey.resize(size, Image.Resampling.BICUBIC)


def is_blank(grey: Image.Image) -> bool:
    """Return whether nothing can be seen on a page, not even faintly."""
    lowest, highest = grey.reduce(4).getextrema()
    return float(highest) - float(lowest) < BLANK_CONTRAST  # type: ignore[arg-type] # one band


def evenly_lit(grey: Image.Image) -> Image.Image:
    """Return a picture of a page without its shadows.

    Tesseract's own way to do so, a threshold for each tile, loses lines among slight grain.
    """
    light = grey.reduce(LIGHT_FACTOR).filter(ImageFilter.MaxFilter(5))
    light = light.filter(ImageFilter.GaussianBlur(3))
    darkest, lightest = np.percentile(np.asarray(light), [2, 98])
    if darkest > EVEN_SHARE * lightest or np.median(np.asarray(grey)) < DARK:
        return grey
    paper = light.resize(grey.size, Image.Resampling.BICUBIC)
    a, b = np.asarray(grey), np.asarray(paper)
    out = np.empty_like(a)
    for top in range(0, len(a), STRIP_ROWS):
        rows = slice(top, top + STRIP_ROWS)
        lit = a[rows] * (LIGHT / np.maximum(b[rows], DARKEST_PAPER).astype(np.float32))
        out[rows] = lit.clip(0, 255)
    return Image.fromarray(out)


def is_noisy(grey: Image.Image) -> bool:
    """Return whether there is grain all over the middle of a picture."""
    left = max(0, (grey.width - NOISE_SAMPLE) // 2)
    top = max(0, (grey.height - NOISE_SAMPLE) // 2)
    box = (left, top, min(grey.width, left + NOISE_SAMPLE), min(grey.height, top + NOISE_SAMPLE))
    a = np.asarray(grey.crop(box), np.int16)
    if min(a.shape) < 3:
        return False
    # J. Immerkær, Fast Noise Variance Estimation (1996): a mask that no edge or slope answers to.
    corners = a[:-2, :-2] + a[:-2, 2:] + a[2:, :-2] + a[2:, 2:]
    sides = a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:]
    return bool(np.median(np.abs(corners - 2 * sides + 4 * a[1:-1, 1:-1])) > NOISY)


def without_grain(grey: Image.Image) -> Image.Image:
    """Smooth a noisy picture where it is even, by Wiener's filter; edges stay sharp."""
    a = np.asarray(grey)
    out = np.empty_like(a)
    for top in range(0, len(a), STRIP_ROWS):  # whole, it would take ten times the picture's memory
        first = max(0, top - NOISE_RADIUS)
        strip = a[first : top + STRIP_ROWS + NOISE_RADIUS].astype(np.float64)
        mean = _box_mean(strip)
        variance = np.maximum(_box_mean(strip * strip) - mean * mean, 0)
        noise = np.median(variance)
        kept = np.maximum(variance - noise, 0) / np.maximum(variance, max(noise, 1e-6))
        smooth = mean + kept * (strip - mean)
        rows = slice(top - first, top - first + min(STRIP_ROWS, len(a) - top))
        out[top : top + STRIP_ROWS] = smooth[rows].clip(0, 255)
    return Image.fromarray(out)


def _box_mean(values: Grey) -> Grey:
    """Return the mean around each value."""
    size = 2 * NOISE_RADIUS + 1
    padded = np.pad(values, NOISE_RADIUS, "edge")
    for axis in (0, 1):
        sums = np.cumsum(padded, axis)
        zeros = np.zeros_like(np.take(sums, [0], axis))
        sums = np.concatenate([zeros, sums], axis)
        upper = np.take(sums, range(size, sums.shape[axis]), axis)
        padded = upper - np.take(sums, range(sums.shape[axis] - size), axis)
    return padded / size**2


def without_specks(grey: Image.Image) -> Image.Image:
    """Remove single dots."""
    return grey.filter(ImageFilter.MedianFilter(3))


def level(grey: Image.Image) -> Image.Image:
    """Turn a picture so that its lines of text run level."""
    degrees = _askew(grey)
    if abs(degrees) < MIN_ASKEW:
        return grey
    return grey.rotate(
        degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=int(np.median(np.asarray(grey)))
    )


def _askew(grey: Image.Image) -> float:
    """Return by how many degrees a picture is to be turned, counter-clockwise."""
    small = np.asarray(grey.reduce(max(1, grey.width // ASKEW_WIDTH)))
    dark = small < (int(np.percentile(small, 2)) + int(np.median(small))) / 2
    if dark.mean() > 0.5:
        dark = ~dark
    ys, xs = np.nonzero(dark)
    if not len(xs):
        return 0.0

    def clearness(degrees: float) -> float:
        """Return how much the rows of a sheared picture differ, of which lines of text do most."""
        rows = np.rint(ys + xs * math.tan(math.radians(degrees))).astype(np.int64)
        counts = np.bincount(rows - rows.min()).astype(np.float64)
        return float((np.diff(counts) ** 2).sum())

    steps = int(MAX_ASKEW / ASKEW_STEP)
    angles = [step * ASKEW_STEP for step in range(-steps, steps + 1)]
    clear = [clearness(angle) for angle in angles]
    best = int(np.argmax(clear))
    return -angles[best] if clear[best] > CLEARER * clear[steps] else 0.0
