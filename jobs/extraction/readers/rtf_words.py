"""The control words of RTF that matter to what is read, and what a group of it may change."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.extraction.readers.rtf_flow import Flow

CHARACTERS = {
    **{"tab": "\t", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "bullet": "•"},
    **{"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emspace": " "},
    **{"enspace": " ", "qmspace": " ", "~": " ", "_": "-", "-": ""},
    **{"nestcell": "; ", "nestrow": "\n"},
}
BREAKS = ("par", "sect", "page", "column", "\n", "\r")
# Destinations whose text is read by itself, and those in which it is a part of what stands around.
FLOWS = ("footnote", "annotation", "shptxt", "dptxbxtext")
MARGINS = {
    **dict.fromkeys(("header", "headerl", "headerr", "headerf"), "header"),
    **dict.fromkeys(("footer", "footerl", "footerr", "footerf"), "footer"),
}
ENTERED = ("shpinst", "shppict", "do", "moMath", "ud", "result", "sp")
CAPTURED = ("fonttbl", "stylesheet", "atnauthor", "objclass", "sn", "sv")
SKIPPED = frozenset(
    {
        *("colortbl", "info", "pict", "fldinst", "nonshppict", "shprslt", "xe", "tc", "rxe", "txe"),
        *("listtable", "listoverridetable", "mmathPict", "nonesttables", "filetbl", "revtbl"),
        *("bkmkstart", "bkmkend", "objdata", "objalias", "objsect", "private1", "template"),
        *("pgdsctbl", "docvar", "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn"),
    }
)


@dataclass(slots=True)
class State:
    """What a group may change and its end restores.

    `into` is where text goes: "" to the flow, "skip" to nowhere, or one of `CAPTURED`. `begun` is
    the destination that this group is.
    """

    flow: Flow
    into: str = ""
    begun: str = ""
    hidden: bool = False
    deleted: bool = False
    inserted: bool = False
    only_rtf: bool = False
    raised: bool = False
    in_table: bool = False
    in_result: bool = False
    is_endnote: bool = False
    font: int = -1
    skipped_after_unicode: int = 1
    style: int = -1
    outline: int | None = None


@dataclass(slots=True)
class Style:
    level: int = 0
    is_caption: bool = False
