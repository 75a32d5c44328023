"""What the names of styles of paragraphs mean, in the languages of the programs that write them.

Word stores the English names of its own styles; other programs store what they show.
"""

from __future__ import annotations

import re

_HEADING = re.compile(
    r"(?:heading|überschrift|ueberschrift|titre|título|titulo|titolo|kop|rubrik|overskrift|otsikko|"
    r"nagłówek|nadpis|címsor|titlu|başlık|заголовок|επικεφαλίδα|標題|标题|見出し|제목|כותרת|عنوان)"
    r"[\s_]*([1-9])",
    re.IGNORECASE,
)
_TITLE = re.compile(r"title|titel|titre|título|titolo|tytuł|название|標題|标题|表題", re.IGNORECASE)
_CAPTION = re.compile(
    r"caption|beschriftung|légende|leyenda|didascalia|bijschrift|legenda|podpis|題注|题注|図表番号",
    re.IGNORECASE,
)


def heading_of(name: str) -> int:
    """Return the level of a heading's style, 0 for other styles."""
    found = _HEADING.fullmatch(name.strip())
    return int(found.group(1)) if found else 0


def is_title(name: str) -> bool:
    """Return whether a style is that of a document's title."""
    return _TITLE.fullmatch(name.strip()) is not None


def is_caption(name: str) -> bool:
    """Return whether a style is that of the titles of tables and figures."""
    return _CAPTION.fullmatch(name.strip()) is not None
