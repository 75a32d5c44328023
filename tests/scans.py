"""Pictures of pages as scanners and telephones make them, drawn in code."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from jobs import answer_files

FONT = Path(answer_files.__file__).parent / "fonts" / "DejaVuSans.ttf"
WIDTH, LINE_PIXELS, LETTER_PIXELS = 1240, 52, 30  # A page at 150 dots an inch
LINES = (
    "The annex lists what is charged from March 2026.",
    "A pallet place costs EUR 9.80 a week.",
    "The deposit is EUR 4,750.00 in all.",
    "A night shift costs EUR 1,238.50 more.",
    "Customs papers cost EUR 65.00 apiece.",
    "Pilotage is EUR 512,047.35 a year.",
)
AMOUNTS = ("9.80", "4,750.00", "1,238.50", "65.00", "512,047.35")


def scan(lines: Sequence[str] = LINES, letter_pixels: int = LETTER_PIXELS) -> Image.Image:
    """A page with these lines, in grey."""
    scale = letter_pixels / LETTER_PIXELS
    height = round(scale * (len(lines) + 6) * LINE_PIXELS)
    image = Image.new("L", (round(scale * WIDTH), height), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.truetype(FONT, letter_pixels)
    for number, line in enumerate(lines, 2):
        pen.text((scale * 120, scale * number * LINE_PIXELS), line, "black", font)
    return image


def table(rows: Sequence[Sequence[str]], lefts: Sequence[int]) -> Image.Image:
    """A page with a table within rules."""
    image = scan([""] * (len(rows) + 2))
    pen, font = ImageDraw.Draw(image), ImageFont.truetype(FONT, LETTER_PIXELS)
    for number, row in enumerate(rows):
        top = (number + 2) * 60
        pen.line((lefts[0] - 20, top - 12, WIDTH - 60, top - 12), "black", 2)
        for left, cell in zip(lefts, row, strict=True):
            pen.text((left, top), cell, "black", font)
    for left in lefts:
        pen.line((left - 20, 108, left - 20, (len(rows) + 2) * 60), "black", 2)
    return image


def grainy(image: Image.Image, deviation: float) -> Image.Image:
    """A picture with noise, the same each time."""
    noise = np.random.default_rng(1).normal(0, deviation, (image.height, image.width))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def specked(image: Image.Image, share: float) -> Image.Image:
    """A picture of which this share of the dots is black or white, the same each time."""
    chance = np.random.default_rng(1).random((image.height, image.width))
    dots = np.where(chance < share / 2, 0, np.asarray(image))
    return Image.fromarray(np.where(chance > 1 - share / 2, 255, dots).astype(np.uint8))


def shadowed(image: Image.Image) -> Image.Image:
    """A picture that gets darker to the left, down to a quarter."""
    return Image.fromarray((np.asarray(image) * np.linspace(0.25, 1, image.width)).astype(np.uint8))


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    """A file of a picture, in a format by its name in Pillow."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def pdf(*images: Image.Image) -> bytes:
    """A PDF with a picture on each page, as scanners make it."""
    return encoded(images[0], "PDF", save_all=True, append_images=images[1:], resolution=150)


# "The deposit is EUR 4,750.00 in all", as telephones of Apple save it.
HEIC = base64.b64decode(
    """
    AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAA
    AAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABegABAAAAAAAAB/IAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABo
    dmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAAAAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAPPAA/P34+AAADwNgAAEA
    GEABDAH//wNwAAADAJAAAAMAAAMAPLoCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwA8oAWCBR35bqSSmubgIaDAgAAADIAA
    AAMAhGIAAQAHRAHBcrBiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAAK8AAAAUAAAABBwaXhpAAAAAAMI
    CAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAB/ptZGF0AAAH7igBrxlC/qRif//+s3oNDLT0EG+kn0U+dtj6IV0fgZNV
    tT/IfP1nndomgfFtFZAmKTcyknDnm7pnv9mQ3Cmk/VRblJPEeMTMdbp31Yt0WLLI+vO7h8kMgcJ+8BYTxB3MV4LVLgHt
    vqWTXiD1oVSPbHM8FI3BYcKT+CP98K0FRdiDxFV2K+Q4zTTqAHrj8bMtiCuMeVlf0kFIQnDxsoGAEDb6QhPB1J0soIRA
    HT//L4JaKQ/yuW1jVUux+aa8mHT2IqvRY7zyo6rkesi0CqGx9UeDi9jR6GjR9M9jga6C4MbGQfinOImIBe3WIudLRbpg
    eKLATrmAeE/51Msz0xJ8605M58fi6f8+W1BZLrAtbiaiRnKJU0JAdfipLEpvHObbSyTLK13Tq36H63EY+wDq/Wum5SLE
    4Yhi72FEWFhaW+ExTRRWKfOxFB8BYpBW+pHdSwiX4gQZAnmAguSu9PDr0sov6uYsCWqTYQl+MNy0ZZoeuAXXZLQS6qJX
    ck0FU/y23YB4UZCZskw6MPkOU8AW4dx4v8Jlu9QS8QjVJTT6HcV+qNeB91KWZAwS4tzqPLN3Tjk1pKoo7GFkB3WmJ98+
    TvIZMhWwnOUlOxZQkgJFor3fkwjfXwtK6V2FSwFu/BIcu6ZanOjGJMBoe1Mcil2CUKjqMusnidihypB3amLYOiV3LMXM
    Jxyqni/85yLBVvW8lm69i1+vfXe6mT2KSPVYw3Cye911yf6OyTdjkZCtBCx2tHOz2aqWHePBYsHii+xWW1DpqTmEgr1p
    4n0xLc6E7CO4+mRTqPJZHbC53quggVxkuHzlMybyGc+9Xy/JzJMP42gS1kgCdlMGyx/MnVA5iuX2CuOHRfx4tF/Ifyyp
    VrBRWTA6Ac485HtzCd6roK+u6s3k/SHlaIdAW0q0Kzd+TxgsFQx2kwzUSbJzJ44D9rrHLhIs0PyjUNucntxgkhqiLCUK
    WCPr37jBBssI9FmF9KYr6O+Mdewb6+9WMlqJzafoyRWz5A8SQn56oVcF66O21YzubR0sPPtIb//zd4QA4gKfLb9peEbJ
    +326/iVa74wyszsum6DO3ptgTdiPDKNXxI/wN/ocgtOjUFT4Xl9UkAxCm032UTw0LxFvhDSmi5QJzUmLdGDv/uHQTBG3
    0zyF8reXltAOfneUuuN2gEpJDlcUPXVCVps1CMWPUMZNYHKB3y8JpmNto5Be4U0YgS7an3q/u1P/Zh6zYgpxBpq9EOxC
    /EwevT7ZxxwSW1u5owX1sASapOvy7Z03eAKo/5OdcmTqddI3RSlDqYZ4rAfTIyi5eXBwkvXoXjeF32Nfcd7Trc37kNoL
    bmeaGHgahnf76lBwO972EzQxSuYJAXt49JFaKF96Xz2Jp2n6eLFRXZvw8Rk+0gOkx3VQnwiU99FQXEsXLe1pJKy0cdKC
    9T5c7AAgzDJaffbzAIDQE69Cfw4uD46FhDi8I95YrDUE4Dt7BxNgrba0ogHUNVXkmlpmT+pUMNryZ0eDdaeofKtfth3g
    /8rWyJzwj3toWsu/o2a/4DmpC52/X1pfLPuiYaBtIy6GUW2XlbF8/JdZ0bWqP7GKjUkBiwe1XSm4llSkeA0s/E0u3NQS
    6XWLqdfMkQLvF3s+anf+nVCulyIzhJIjNWf+bAcs+F3Ci0vURGIrtKUYxrdCBPGqY67vXJ5OX+potI0FuJATWMt0E+Ee
    KG4QkwonO9cqmLALfYTeMd0Z76NPfbcVj0OZYSGuTn2/vfgwy2zcqWdPbZjjHBBZ+QNlgtHNLuwzlUL51mxEOTcSyCvo
    QQeHd5NT2K2w8e5DE0Cuteh3t22LLWgWldt2VMjRARmfiYn/auKRITA+wuMw331IO9gHBnop82xg7+Dh9FAXoatIjqfH
    RHgBzVQIYEgZ4CyaXDMm8YcMVdA36E3pFIumIeDq37CZyyOyk6HNcGdzKS2AyrtGEmUQD15j6SP4LnGZ3x1/NzZWFrQ0
    LRxQfAdxw4vFOICh1rliGYGUBNAomfGV8LdyTdHrjcV8KZTxbZ7k5hx9AFEH+qabrTD2p1yTiJ9mbB4ZIhNRhZVvP7nE
    q/2cWUPmwGf7P6TtgecI0Y8uH3kpe/CNo0Ndg3S8DJNDWNuClAVpA16Yd6wEX3CMqvB88OVtMXQEyiRZ0VnlQVx8nAtA
    +cR87r7xA/GmBOnspBjxP/KBHb8OhvslhIE/B16b0CxvTrGkNV7ZcZs2yWNEnGYWLeaHX2FlIN1EjX4QGGvJ4mjVAhGy
    J/BBzUmJkLo3NOCt/K415Il43oYqlBS171nAkmnG7X1AXDaXc/IW798Gp4zIMxU0ke0QOoN/eV7X1SSf1WdPrJa2F+rf
    XHiGaOx+h+2XwiQnZvFJLXD1/B9oVERkpHjCxEV6FpK5RygQveOUZfRMQRvfAgCuY4FfUzfRfFRZ9Z4d30c7hVf7QgyI
    /8222IUttcO05TUGgngiqWiOrFi5D2u82FDFuvCoj2fvR4CZKirisYREOWTrVApEqcrdJRz8I4OFrlhcZnQmNpxTcxGl
    JbKGNLINRLqTsexR0I+3ARctYVOnHZQT23w1zLmJCWTM28WomhYKH3d+TwdM8UbjypIrj0rALvLxYucOsYwtJKTPHUMD
    o3TMjv20jyTvJNAFzbFiiccohBg7S7B2py1bjUvREl0SUDvMER8/Ft/34sgUOvL6uBWAWKJL12CnKcAAAAMAAJiA
    """
)
