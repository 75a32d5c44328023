"""Reads subtitles and transcripts (SRT, VTT): what is said, with the time of each passage."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobs.extraction.blocks import Block, Item, Note
from jobs.extraction.readers.text_lines import line_groups
from jobs.extraction.text_encoding import decode_text

TIMES = re.compile(r"^\s*((?:\d{1,3}:)?\d{1,2}:\d{2})[.,]\d{1,3}\s*-->")
SPEAKER = re.compile(r"<v(?:\.[^ >]*)? ([^>]{1,100})>")
TAG = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,100}\}")


def read(data: bytes) -> Iterator[Item]:
    """Yield the cues, each with the time at which it is shown."""
    decoded = decode_text(data)
    if decoded.note:
        yield Note(decoded.note)
    cues: list[str] = []
    is_cue = False
    for line in decoded.text.splitlines():
        if times := TIMES.match(line):
            cues.append(times[1])
            is_cue = True
        elif not line.strip():
            is_cue = False
        elif is_cue:
            text = TAG.sub("", SPEAKER.sub(r"\1: ", line)).strip()
            cues[-1] += f" {text}" if text else ""
    yield from map(Block, line_groups("\n".join(cues)))
