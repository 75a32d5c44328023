"""Opens pictures, and unpacks their pages within bounds."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "HEIF")
# Of the others, further frames are previews or steps of an animation.
FORMATS_WITH_PAGES = ("TIFF",)
# A page of A3 at 600 dots an inch has half as many. In colour, these take 400 MB.
MAX_PIXELS = 140_000_000


def opened(data: bytes) -> Image.Image:
    """Open a picture; nothing is unpacked yet. Raises OSError for what is none."""
    import pi_heif

    pi_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # `page_image` looks itself, and says so in other words
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except TypeError as error:  # what Pillow makes of a TIFF that does not say how large it is
        raise OSError(str(error)) from error


def page_count(image: Image.Image) -> int:
    """Return how many pages a picture has."""
    return getattr(image, "n_frames", 1) if image.format in FORMATS_WITH_PAGES else 1


def page_image(image: Image.Image, number: int, longest: int) -> Image.Image:
    """Return a page, counted from 1, the way up that its camera says.

    A JPEG may come smaller, but not below `longest` pixels. Raises OSError for a page that is
    broken, and ValueError for one that is too large or is not there.
    """
    if not 1 <= number <= page_count(image):
        raise ValueError(f"there is no page {number}")
    if number > 1:
        image.seek(number - 1)
    if image.width * image.height > MAX_PIXELS:
        raise ValueError("security limit: the picture has too many pixels")
    image.draft(None, (longest, longest))
    return ImageOps.exif_transpose(image)


def flattened(image: Image.Image) -> Image.Image:
    """Return a picture in grey or in colours of 8 bits, on white where it is transparent."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        lowest, highest = image.getextrema()
        scale = 255 / max(float(highest) - float(lowest), 1e-6)  # type: ignore[arg-type] # one band
        offset = -scale * float(lowest)  # type: ignore[arg-type]
        image = image.convert("I") if image.mode != "F" else image
        return image.convert("F").point(lambda value: value * scale + offset).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        return paper
    return image.convert("L" if image.mode in ("1", "L") else "RGB")
