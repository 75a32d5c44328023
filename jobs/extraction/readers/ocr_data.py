"""Where Tesseract's data of languages is, and which of them are used.

It imports nothing but the standard library: the folders must be known before the process confines
itself.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

DEFAULT_LANGUAGES = "eng"
SUFFIX = ".traineddata"
# Tells which way up a page is.
ORIENTATION = "osd"
# Of the Python packages `tessdata.…`, of Debian, and of other systems.
FOLDERS = (
    Path(sys.prefix, "share/tessdata"),
    Path("/usr/share/tesseract-ocr/5/tessdata"),
    Path("/usr/share/tesseract-ocr/4.00/tessdata"),
    Path("/usr/share/tessdata"),
    Path("/usr/share/tesseract/tessdata"),
    Path("/usr/local/share/tessdata"),
    Path("/opt/homebrew/share/tessdata"),
)

_languages = DEFAULT_LANGUAGES


def use(languages: str) -> None:
    """Read pictures in these languages from now on, such as "eng+deu"."""
    global _languages
    _languages = languages


def languages() -> str:
    """Return the languages that pictures are read in."""
    return _languages


def folder(names: str) -> Path | None:
    """Return the folder that has the data of all these languages; Tesseract takes but one."""
    files = [f"{name}{SUFFIX}" for name in names.split("+")]
    return next((each for each in FOLDERS if all((each / name).is_file() for name in files)), None)


def advice(pages: int = 1) -> str:
    """Return what to install to have so many pages read, in a sentence."""
    packages = " ".join(f"tesseract-ocr-{_debian_name(name)}" for name in _languages.split("+"))
    them = "it" if pages == 1 else "them"
    return f"Install Tesseract's language data (Debian: {packages}) to have {them} read."


def _debian_name(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower())
