"""Takes the boundary of a prompt out of the answer, should the model repeat it."""

from __future__ import annotations

import re


class EchoFilter:
    """Takes out the boundary of the prompt, with the marks around it."""

    def __init__(self, boundary: str) -> None:
        self._boundary = boundary
        self._pattern = re.compile(rf"(?:Boundary: )?(?:<<)?{boundary}(?:>>)?\n?")
        forms = [f"{before}{boundary}>>\n" for before in ("Boundary: ", "<<", "")]
        # How each form may begin at the end of what has arrived.
        self._beginnings = tuple({form[:end] for form in forms for end in range(1, len(form))})
        self._max_chars = max(map(len, forms))
        self._kept = ""

    def feed(self, text: str, *, is_end: bool = False) -> str:
        if not self._boundary:
            return text
        text, self._kept = self._kept + text, ""
        if not is_end and text.endswith(self._beginnings):
            first = max(0, len(text) - self._max_chars)
            start = next(at for at in range(first, len(text)) if text[at:] in self._beginnings)
            text, self._kept = text[:start], text[start:]
        return self._pattern.sub("", text) if self._boundary in text else text
