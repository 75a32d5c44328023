"""Long texts of lines, such as code and logs, in groups that end at ends of lines."""

from __future__ import annotations

from collections.abc import Iterator

# Some groups make a passage; a text up to this length is one.
GROUP_CHARS = 600


def line_groups(text: str) -> Iterator[str]:
    """Yield the text, a long one of several lines in groups of them."""
    if len(text) <= GROUP_CHARS or "\n" not in text:
        yield text
        return
    group: list[str] = []
    size = 0
    for line in text.split("\n"):
        if group and size + len(line) > GROUP_CHARS:
            yield "\n".join(group)
            group, size = [], 0
        if line.strip() or group:
            group.append(line)
            size += len(line) + 1
    if group:
        yield "\n".join(group)
