"""Numbers as a spreadsheet's cell shows them, by the format codes of ECMA-376 (part 1, §18.8.31).

Dates are written as ISO 8601, whatever order their format has: "03/04/26" says nothing without the
locale of who typed it. Decimal points and thousands' commas are those of the format codes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from jobs.extraction.readers.format_codes import Section, Token, sections_of

# The last day that a date can show: 9999-12-31.
MAX_SERIAL = 2_958_465
SECONDS_A_DAY = 86_400
# What a cell of the format “General” has room for.
GENERAL_CHARS = 11
# A double has no more digits than these that say something.
MAX_DIGITS = 15
# Whole numbers below this are exact.
MAX_WHOLE = 2.0**53
# What Excel writes out in full; more is written as an exponent.
MAX_GENERAL_DIGITS = 20

# Room for all digits of a double, and for those that a format adds.
_EXACT = Context(prec=1000)


def format_number(value: float, code: str, *, is_1904: bool = False) -> str:
    """Return a number as a cell with this format code shows it; "" if it shows nothing.

    `is_1904`: days are counted from 1904-01-01, as old workbooks of the Mac do.
    """
    if code == "General":
        return general(value)
    sections = sections_of(code)
    section, is_absolute = _section_for(value, sections)
    if section is None:
        return general(value)
    if not section.tokens:
        return ""
    if section.is_date:
        shown = _date(value, section, is_1904=is_1904)
        return general(value) if shown is None else shown
    if section.is_text:
        return _with_text(section, general(value))
    if "general" in section.kinds:
        text = general(abs(value) if is_absolute else value)
        parts = (
            text if kind == "general" else _literal(kind, part) for kind, part in section.tokens
        )
        return "".join(parts).strip()
    return _number(abs(value), section, is_negative=value < 0 and not is_absolute)


def format_text(text: str, code: str) -> str:
    """Return a text as a cell with this format code shows it; "" if it shows nothing."""
    if code in ("General", "@"):
        return text
    sections = sections_of(code)
    if len(sections) > 3:
        return _with_text(sections[3], text)
    if "@" in sections[-1].kinds:
        return _with_text(sections[-1], text)
    return text


def general(value: float) -> str:
    """Return a number without a format: whole in full, else as far as a cell has room for it."""
    if value == int(value) and abs(value) < 10**MAX_GENERAL_DIGITS:
        return str(int(value))
    text = f"{value:.{MAX_DIGITS}g}".upper()
    if len(text.lstrip("-")) <= GENERAL_CHARS:
        return text
    whole = len(str(int(abs(value))))
    if "E" in text or whole > GENERAL_CHARS - 2:
        return f"{value:.{max(6, whole + 2)}g}".upper()
    return f"{value:.{GENERAL_CHARS - 1 - whole}f}".rstrip("0")


def _section_for(value: float, sections: Sequence[Section]) -> tuple[Section | None, bool]:
    """Return the section for a number, and whether it shows the number without its sign."""
    numeric = sections[:3] if len(sections) > 3 else sections
    if len(numeric) > 1 and numeric[-1].is_text:
        numeric = numeric[:-1]
    if any(section.condition for section in numeric):
        for section in numeric:
            if section.condition is None or _holds(value, *section.condition):
                sign, limit = section.condition or ("", 0.0)
                return section, value < 0 and sign.startswith("<") and limit <= 0
        return None, False
    if value < 0 and len(numeric) > 1:
        return numeric[1], True
    if value == 0 and len(numeric) > 2:
        return numeric[2], False
    return numeric[0], False


def _holds(value: float, sign: str, limit: float) -> bool:
    return {
        "<": value < limit,
        ">": value > limit,
        "=": value == limit,
        "<=": value <= limit,
        ">=": value >= limit,
        "<>": value != limit,
    }[sign]


def _literal(kind: str, text: str) -> str:
    return text if kind in ("literal", "sign", "digits") else ""


def _with_text(section: Section, text: str) -> str:
    shown = (
        text if (kind, part) == ("sign", "@") else _literal(kind, part)
        for kind, part in section.tokens
    )
    return "".join(shown).strip()


def _date(value: float, section: Section, *, is_1904: bool) -> str | None:
    """Return a day, a time or a duration; None for what is none."""
    if not 0 <= value <= MAX_SERIAL:
        return None
    units = _date_units(section)
    fraction = _fraction_digits(section)
    if elapsed := next((text[0] for kind, text in section.tokens if kind == "elapsed"), ""):
        return _duration(value, elapsed, units)
    days, seconds = divmod(round(value * SECONDS_A_DAY, 3), SECONDS_A_DAY)
    if not fraction:
        days, seconds = divmod(round(value * SECONDS_A_DAY), SECONDS_A_DAY)
    has_time = bool(units & set("hns"))
    has_date = bool(units - set("hns"))
    parts = []
    if has_date and (days or is_1904):
        parts.append(_day(int(days), units, is_1904=is_1904))
    elif has_date and not seconds:
        return general(value)
    if has_time or not parts:
        parts.append(_time(seconds, units or {"h", "n"}, fraction))
    return " ".join(parts)


def _date_units(section: Section) -> set[str]:
    """Return the units that a format shows: y, m, d, h, n (minutes), s."""
    units: set[str] = set()
    dates = [text for kind, text in section.tokens if kind in ("date", "elapsed")]
    for index, text in enumerate(dates):
        unit = text[0]
        if unit == "m" and len(text) <= 2:
            before = dates[index - 1][0] if index else ""
            after = dates[index + 1][0] if index + 1 < len(dates) else ""
            unit = "n" if before == "h" or after == "s" else "m"
        # Years of eras, and names of days.
        units.add({"e": "y", "b": "y", "g": "y", "a": "d"}.get(unit, unit))
    return units


def _fraction_digits(section: Section) -> int:
    """Return how many digits of a second follow its point ("ss.00")."""
    for before, point, digits in zip(
        section.tokens, section.tokens[1:], section.tokens[2:], strict=False
    ):
        if before[1][:1] == "s" and point == ("sign", ".") and digits[0] == "digits":
            return min(3, len(digits[1]))
    return 0


def _day(days: int, units: set[str], *, is_1904: bool) -> str:
    if is_1904:
        epoch = dt.date(1904, 1, 1)
        days = min(days, (dt.date.max - epoch).days)
    else:
        # Excel counts a 29 February 1900, which there was not.
        epoch = dt.date(1899, 12, 31 if days < 60 else 30)
    day = epoch + dt.timedelta(days)
    if "d" in units:
        return day.isoformat()
    return f"{day:%Y-%m}" if "m" in units else f"{day.year:04}"


def _time(seconds: float, units: set[str], fraction: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    second = f"{rest:0{fraction + 3}.{fraction}f}" if fraction else f"{int(rest):02}"
    if "h" not in units:
        return f"{hours * 60 + minutes:02}:{second}"
    return f"{hours:02}:{minutes:02}" + (f":{second}" if "s" in units else "")


def _duration(value: float, unit: str, units: set[str]) -> str:
    total = round(value * SECONDS_A_DAY)
    minutes, seconds = divmod(total, 60)
    if unit == "s":
        return str(total)
    if unit == "m":
        return f"{minutes:02}:{seconds:02}" if "s" in units else str(minutes)
    hours, minutes = divmod(minutes, 60)
    shown = str(hours)
    if units & {"n", "m", "s"}:
        shown += f":{minutes:02}"
    return shown + (f":{seconds:02}" if "s" in units else "")


def _number(value: float, section: Section, *, is_negative: bool) -> str:
    """Return a number that is not negative, by a section with placeholders for digits."""
    tokens = section.tokens
    places = [index for index, (kind, _) in enumerate(tokens) if kind == "digits"]
    if not places:
        return "".join(_literal(kind, text) for kind, text in tokens).strip()
    is_whole = value < MAX_WHOLE and value == int(value)
    exact = Decimal(int(value)) if is_whole else Decimal(f"{value:.{MAX_DIGITS}g}")
    if "%" in section.kinds:
        exact *= 100 ** tokens.count(("sign", "%"))
    if "exponent" in section.kinds:
        shown = _scientific(exact, tokens)
    elif "/" in section.kinds and any(_is_fraction(tokens, index) for index in places):
        shown = _fraction(exact, tokens)
    else:
        shown = _decimal(exact, tokens, places)
    shown = re.sub(r"^- +(?=.*\d)", "-", shown.strip())  # a sign at the edge of the cell
    return f"-{shown}" if is_negative and any(c in "123456789" for c in shown) else shown


def _decimal(value: Decimal, tokens: Sequence[Token], places: Sequence[int]) -> str:
    point = next((i for i, token in enumerate(tokens) if token == ("sign", ".")), len(tokens))
    whole_places = [index for index in places if index < point]
    fraction_places = [index for index in places if index > point]
    last = whole_places[-1] if whole_places else point - 1
    # Commas behind the digits divide by a thousand; those among them separate thousands.
    scale = sum(_commas_after(tokens, index) for index in {last, places[-1]})
    is_grouped = any(
        token == ("sign", ",") and whole_places and whole_places[0] < index < last
        for index, token in enumerate(tokens)
    )
    digits = "".join(tokens[index][1] for index in fraction_places)
    rounded = (value / 1000**scale).quantize(Decimal(1).scaleb(-len(digits)), ROUND_HALF_UP, _EXACT)
    whole, _, fraction = f"{rounded:f}".partition(".")
    needed = len(digits.rstrip("#?"))
    fraction = fraction[:needed] + fraction[needed:].rstrip("0")
    shown = _whole(whole, tokens[: min(point, len(tokens))], whole_places, is_grouped=is_grouped)
    if fraction:
        shown += f".{fraction}"
    for kind, text in tokens[point + 1 :] if fraction_places else tokens[point:]:
        if kind == "literal" or text == "%":
            shown += text
    return shown


def _commas_after(tokens: Sequence[Token], index: int) -> int:
    count = 0
    while index + 1 + count < len(tokens) and tokens[index + 1 + count] == ("sign", ","):
        count += 1
    return count


def _whole(whole: str, tokens: Sequence[Token], places: Sequence[int], *, is_grouped: bool) -> str:
    """Return the digits before the point among the literals that stand there ("00-00")."""
    digits = whole.lstrip("0")
    pattern = "".join(tokens[index][1] for index in places)
    digits = digits.rjust(len(pattern.lstrip("#?")), "0")
    if is_grouped:
        first = len(digits) % 3 or 3
        threes = (digits[at : at + 3] for at in range(first, len(digits), 3))
        digits = ",".join([digits[:first], *threes])
    if not places:
        return "".join(t for kind, t in tokens if kind == "literal" or t == "%") + digits
    shown = ""
    left = digits
    for index in range(len(tokens) - 1, -1, -1):
        kind, text = tokens[index]
        if kind == "digits":
            if index == places[0] or is_grouped:
                shown, left = left + shown, ""
            else:
                cut = max(0, len(left) - len(text))
                shown, left = left[cut:] + shown, left[:cut]
        elif kind == "literal" or text == "%":
            shown = text + shown
    return shown


def _scientific(value: Decimal, tokens: Sequence[Token]) -> str:
    mark = next(index for index, (kind, _) in enumerate(tokens) if kind == "exponent")
    mantissa = "".join(t for kind, t in tokens[:mark] if kind == "digits" or t == ".")
    whole, _, decimals = mantissa.partition(".")
    step = max(1, len(whole))
    exponent = value.adjusted() if value else 0
    exponent -= exponent % step
    scaled = value.scaleb(-exponent).quantize(
        Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP, _EXACT
    )
    if scaled >= 10**step:
        exponent += step
        scaled = scaled.scaleb(-step).quantize(
            Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP, _EXACT
        )
    width = len(next((t for kind, t in tokens[mark:] if kind == "digits"), "0"))
    sign = "-" if exponent < 0 else tokens[mark][1][1:].replace("-", "")
    text = f"{scaled:f}"
    if decimals.endswith("#") and "." in text:
        text = text.rstrip("0").rstrip(".")
    before = "".join(t for kind, t in tokens[:mark] if kind == "literal")
    after = "".join(t for kind, t in tokens[mark:] if kind == "literal" or t == "%")
    return f"{before}{text}E{sign}{abs(exponent):0{width}}{after}"


def _is_fraction(tokens: Sequence[Token], index: int) -> bool:
    """Return whether a stroke follows these digits, and a denominator follows the stroke."""
    return (
        index + 2 < len(tokens)
        and tokens[index + 1] == ("sign", "/")
        and (tokens[index + 2][0] == "digits" or tokens[index + 2][1].isdigit())
    )


def _fraction(value: Decimal, tokens: Sequence[Token]) -> str:
    stroke = tokens.index(("sign", "/"))
    given = ""
    for kind, text in tokens[stroke + 1 :]:
        if kind not in ("digits", "literal") or not (kind == "digits" or text.isdigit()):
            break
        given += text
    has_whole = any(kind == "digits" for kind, _ in tokens[: stroke - 1])
    exact = Fraction(value)
    if re.search("[1-9]", given):
        denominator = int(re.sub("[^0-9]", "", given))
        ratio = (round(exact * denominator), denominator)
    else:
        nearest = exact.limit_denominator(10 ** min(len(given), 7) - 1)
        ratio = (nearest.numerator, nearest.denominator)
    whole, rest = divmod(ratio[0], ratio[1]) if has_whole else (0, ratio[0])
    shown = [str(whole)] if whole or not rest else []
    if rest:
        shown.append(f"{rest}/{ratio[1]}")
    after = "".join(t for kind, t in tokens[stroke + 2 :] if kind == "literal" and not t.isdigit())
    return " ".join(shown) + after
