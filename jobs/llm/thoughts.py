"""Keeps the thoughts of a model apart from its answer, while both arrive in pieces.

Servers should send thoughts in a field of their own; many send them in the text, between tags.
Thoughts are never part of an answer. In Markdown's code a tag is text: there an answer quotes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# These two mean thoughts wherever they stand; the others only where an answer begins, since a
# document may well have an element of that name.
_ALWAYS = "think|thinking"
_AT_START = "thoughts?|reasoning|reflection|analysis|scratchpad"
_TAG = rf"(?:[a-z]\w{{0,15}}:)?(?:{_ALWAYS}|{_AT_START}|antthinking)"
# Special tokens of models: OpenThinker, Cohere, Apertus; gpt-oss and Gemma name a channel.
_OPENING = r"(?:begin_of_thought|begin_of_think|start_thinking|think|thinking|inner_prefix)"
_CLOSING = r"(?:end_of_thought|end_of_think|end_thinking|/think|/thinking|inner_suffix)"
_CHANNEL = r"<\|channel\|?>\s{0,8}(?P<channel>\w+)[^<\n]{0,80}(?:<\|constrain\|>[^<\n]{0,40})?"
_MARK = re.compile(
    rf"<(?P<open>{_TAG})(?:\s[^<>`\n]{{0,80}})?(?P<empty>/)?>"
    rf"|</(?P<close>{_TAG})\s*>"
    rf"|(?P<open_token>\[THINK\]|◁think▷|<\|{_OPENING}\|>)"
    rf"|(?P<close_token>\[/THINK\]|◁/think▷|<\|{_CLOSING}\|>)"
    rf"|{_CHANNEL}(?:<\|message\|>|\n)"
    r"|(?P<token><\|start\|>\s{0,8}\w{0,20}(?=<)|<\|(?:end|return|call|message|(?:start|end)_(?:response|text)"
    r"|(?:begin|end)_of_solution)\|>|<channel\|>|</?answer>)",
    re.IGNORECASE,
)
# What may become one of these with the next piece, and backticks, which are counted in one go.
_PARTIAL = re.compile(
    r"(?:<\|channel\|?>[^<\n]{0,80}(?:<\|constrain\|>[^<\n]{0,40})?(?:<\|?\w{0,9}\|?)?"
    rf"|<\|start\|>\s{{0,8}}\w{{0,20}}|</?(?:\w{{0,16}}:?\w{{0,17}}/?|{_TAG}\s[^<>`\n]{{0,80}}/?)"
    r"|<\|/?\w{0,20}\|?|\[/?[A-Za-z]{0,5}|◁/?\w{0,5}|`{1,40})\Z",
    re.IGNORECASE,
)
_MAX_PARTIAL_CHARS = 260
# A thought may speak of its own tag, in backticks.
_THINK_END = re.compile(r"</(?:[a-z]\w{0,15}:)?(?:think|thinking)\s*>(?!`)", re.IGNORECASE)
_TOKEN_END = re.compile(rf"\[/THINK\]|◁/think▷|<\|{_CLOSING}\|>", re.IGNORECASE)
_CHANNEL_END = re.compile(r"<\|(?:end|return|call)\|>|<channel\|>|(?=<\|(?:channel|start)\|?>)")
# gpt-oss, where the server has dropped its special tokens but not their text.
_BARE_CHANNEL = re.compile(r"\s{0,40}analysis(?=[A-Z\"“'(])")
_BARE_CHANNEL_END = re.compile(r"assistantfinal")
_BARE = "analysis"
_MAX_START_CHARS = 40


@dataclass
class _Code:
    """Whether the text so far has ended inside of Markdown's code."""

    fence: bool = False
    span: int = 0  # backticks of the span that is open on this line

    def __bool__(self) -> bool:
        return self.fence or self.span > 0

    def read(self, text: str) -> None:
        for mark in re.finditer(r"`+|\n", text):
            run = len(mark.group())
            if mark.group() == "\n":
                self.span = 0
            elif self.fence:
                self.fence = run < 3
            elif self.span:
                self.span = 0 if run == self.span else self.span
            elif run >= 3:
                self.fence = True
            else:
                self.span = run


class ThoughtFilter:
    """Lets the answer through and keeps the thoughts back.

    Templates of some models write the opening tag into the prompt, so that only the closing one
    arrives: all before it were thoughts. Of a model that is known for it (`omits_opening`), nothing
    is let through before that tag, or the end.
    """

    def __init__(self, *, omits_opening: bool = False) -> None:
        self.omits_opening = omits_opening
        self.has_thoughts = False
        self._is_holding = omits_opening
        self._held: list[str] = []
        self._buffer = ""
        self._end: re.Pattern[str] | None = None  # of the thought that is open
        self._code = _Code()
        self._is_first = self._is_blank = True
        self._quoted: set[str] = set()  # the elements that are part of the answer

    @property
    def is_thinking(self) -> bool:
        """True within a thought, and while nothing is let through."""
        return self._end is not None or self._is_holding

    def feed(self, text: str) -> tuple[str, bool]:
        """Return what of the answer can be told by now, and whether all before it was thoughts."""
        self._buffer += text
        if self._is_first:
            start = self._buffer[:_MAX_START_CHARS].lstrip()
            if len(self._buffer) < _MAX_START_CHARS and _BARE.startswith(start):
                return "", False
            self._is_first = False
            if _BARE_CHANNEL.match(self._buffer):
                self._think(_BARE_CHANNEL_END)
        return self._read(is_end=False)

    def finish(self, *, is_complete: bool = True) -> tuple[str, bool]:
        """Return the rest. If it is not complete, what was held back may well be thoughts."""
        text, takes_back = self._read(is_end=True)
        if self._is_holding:
            self._is_holding = False
            if not is_complete:
                self.has_thoughts = True
                return "", takes_back
            self.omits_opening = False  # this answer had no thoughts
            text = "".join([*self._held, text])
            self._is_blank = not text.strip()
        return text, takes_back

    def _read(self, *, is_end: bool) -> tuple[str, bool]:
        parts: list[str] = []
        takes_back = False
        position = 0
        while True:
            if self._end is not None:
                end = self._end.search(self._buffer, position)
                # What follows a tag decides whether it is one.
                if end is None or (end.end() == len(self._buffer) and not is_end):
                    # Enough of it to know a tag that the next piece completes.
                    position = max(position, len(self._buffer) - _MAX_PARTIAL_CHARS)
                    if is_end:
                        position = len(self._buffer)
                    break
                position = end.end()
                self._end = None
            mark = _MARK.search(self._buffer, position)
            if mark is None:
                stop = len(self._buffer) if is_end else self._safe_end(position)
                self._let_through(self._buffer[position:stop], parts)
                position = stop
                break
            self._let_through(self._buffer[position : mark.start()], parts)
            position = mark.end()
            if self._code:
                self._let_through(mark.group(), parts)
            elif self._is_lone_end(mark):
                takes_back = takes_back or not self._is_blank
                self._take_back(parts)
            elif not self._opens(mark):
                self._let_through(mark.group(), parts)
        self._buffer = self._buffer[position:]
        return "".join(parts), takes_back

    def _safe_end(self, position: int) -> int:
        start = max(position, len(self._buffer) - _MAX_PARTIAL_CHARS)
        partial = _PARTIAL.search(self._buffer, start)
        return partial.start() if partial else len(self._buffer)

    def _let_through(self, text: str, parts: list[str]) -> None:
        self._code.read(text)
        if self._is_blank:
            if self.has_thoughts:
                text = text.lstrip()
            self._is_blank = not text.strip()
        if self._is_holding:
            self._held.append(text)
            self._is_blank = True
        else:
            parts.append(text)

    def _is_lone_end(self, mark: re.Match[str]) -> bool:
        if mark["close_token"]:
            return True
        return bool(mark["close"]) and mark["close"].lower() not in self._quoted

    def _take_back(self, parts: list[str]) -> None:
        parts.clear()
        self._held.clear()
        self._code = _Code()
        if not self.has_thoughts and not self._is_blank:
            self.omits_opening = True
        self.has_thoughts = self._is_blank = True
        self._is_holding = False

    def _opens(self, mark: re.Match[str]) -> bool:
        """Return whether the mark is none of the answer; a thought begins if it opens one."""
        if mark["empty"] or mark["token"]:
            return mark["token"] not in ("<answer>", "</answer>") or self.has_thoughts
        if mark["channel"]:
            if mark["channel"].lower() != "final":
                self._think(_CHANNEL_END)
            return True
        if mark["open_token"]:
            self._think(_TOKEN_END)
            return True
        name = (mark["open"] or "").lower()
        if not name:
            return False
        if name.rpartition(":")[2] in _ALWAYS.split("|"):
            self._think(_THINK_END)
        elif self._is_blank:
            self._think(re.compile(rf"</{re.escape(name)}\s*>", re.IGNORECASE))
        else:
            self._quoted.add(name)
            return False
        return True

    def _think(self, end: re.Pattern[str]) -> None:
        self._end = end
        self.has_thoughts = True


def without_thoughts(text: str) -> str:
    """Return a whole text without its thoughts."""
    thoughts = ThoughtFilter()
    first, _ = thoughts.feed(text)
    rest, takes_back = thoughts.finish()
    return rest if takes_back else first + rest
