"""The format codes of spreadsheets, parsed for `cell_format` (ECMA-376, part 1, §18.8.31)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# The codes of the ids that files do not declare.
BUILT_IN_CODES = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"$"#,##0;("$"#,##0)',
    6: '"$"#,##0;("$"#,##0)',
    7: '"$"#,##0.00;("$"#,##0.00)',
    8: '"$"#,##0.00;("$"#,##0.00)',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    **dict.fromkeys((14, 15, 16, 28, 29, 30, 31, 36, *range(50, 59)), "yyyy-mm-dd"),
    **dict.fromkeys((17, 27), "yyyy-mm"),
    **dict.fromkeys((18, 20, 32, 34), "hh:mm"),
    **dict.fromkeys((19, 21, 33, 35), "hh:mm:ss"),
    22: "yyyy-mm-dd hh:mm",
    37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
    41: '#,##0;-#,##0;"-";@',
    42: '"$"#,##0;-"$"#,##0;"$""-";@',
    43: '#,##0.00;-#,##0.00;"-";@',
    44: '"$"#,##0.00;-"$"#,##0.00;"$""-";@',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
}
MAX_CODE_CHARS = 255  # as in Excel
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?'
    r"|\\(?P<escaped>.)|_(?P<skipped>.)|\*(?P<fill>.)"
    r"|\[(?P<bracket>[^\]]{0,80})\]"
    r"|(?P<general>General|Standard)"
    r"|(?P<meridiem>AM/PM|A/P|上午/下午|午前/午後|오전/오후)"
    r"|(?P<exponent>E[+-])"
    r"|(?P<date>y+|m+|d+|h+|s+|b{2,4}|e+|g+|a{3,4})"
    r"|(?P<digits>[0#?]+)"
    r"|(?P<sign>[.,%/;@])"
    r"|(?P<literal>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[\d.]+(?:E[+-]?\d+)?)", re.IGNORECASE)
_CURRENCY = re.compile(r"\$([^-]*)(?:-.*)?", re.DOTALL)
_ELAPSED = re.compile(r"(h+|m+|s+)", re.IGNORECASE)

Token = tuple[str, str]  # its kind, and its text


@dataclass(frozen=True, slots=True)
class Section:
    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None = None
    # The kinds of the tokens, and the signs among them.
    kinds: frozenset[str] = frozenset()

    @property
    def is_date(self) -> bool:
        return "date" in self.kinds or "elapsed" in self.kinds

    @property
    def is_text(self) -> bool:
        return "@" in self.kinds and "digits" not in self.kinds


@lru_cache(maxsize=4096)
def sections_of(code: str) -> tuple[Section, ...]:
    """Return the sections of a code: for positive numbers, negative ones, zeros and texts."""
    sections: list[Section] = []
    tokens: list[Token] = []
    condition: tuple[str, float] | None = None
    for match in _TOKEN.finditer(code[:MAX_CODE_CHARS]):
        kind, text = match.lastgroup or "literal", match.group(match.lastgroup or 0)
        if (kind, text) == ("sign", ";"):
            sections.append(_new_section(tokens, condition))
            tokens, condition = [], None
        elif kind == "bracket":
            if found := _CONDITION.fullmatch(text):
                condition = found[1], float(found[2])
            elif found := _CURRENCY.fullmatch(text):
                tokens.append(("literal", found[1]))
            elif _ELAPSED.fullmatch(text):
                tokens.append(("elapsed", text.lower()))
        elif kind in ("quoted", "escaped"):
            tokens.append(("literal", text))
        elif kind == "fill":
            tokens.append(("literal", " "))
        elif kind == "date":
            tokens.append((kind, text.lower()))
        elif kind != "skipped":
            tokens.append((kind, text))
    sections.append(_new_section(tokens, condition))
    return tuple(sections[:4])


def _new_section(tokens: list[Token], condition: tuple[str, float] | None) -> Section:
    kinds = frozenset(text if kind == "sign" else kind for kind, text in tokens)
    return Section(tuple(tokens), condition, kinds)
