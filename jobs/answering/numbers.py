"""Numbers in texts: 1,577 and 1577 and $1.577 billion, 8.6 %, (38.9) for a loss, 1.577,00 or 二百.

Signs are left out: a loss of 5 and a result of -5 are told with the same figure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.normalization import normalize

# At most eighteen digits in groups: beyond, no quantity is written out.
_GROUPED = r"\d{1,3}([.,'’ \u00a0\u202f\u2009])\d{3}(?:\1\d{3}){0,4}(?!\d)(?:[.,]\d{1,6}(?!\d))?"
_NUMBER = re.compile(rf"(?<![\d.,]){_GROUPED}|\d+(?:[.,]\d+)?")
# 31.12.2018, 2018-12-31, 12/31/18: of a date, the month may be written as a word elsewhere.
_DATE = re.compile(r"(?<![\d.])(\d{1,4})([./-])\d{1,2}\2(\d{2,4})(?![\d.]?\d)")
_SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "k": 1e3,
    "tsd": 1e3,
    "tausend": 1e3,
    "mille": 1e3,
    "mil": 1e3,
    "million": 1e6,
    "millions": 1e6,
    "m": 1e6,
    "mm": 1e6,
    "mn": 1e6,
    "mio": 1e6,
    "mln": 1e6,
    "millionen": 1e6,
    "miljoen": 1e6,
    "millones": 1e6,
    "milioni": 1e6,
    "billion": 1e9,
    "billions": 1e9,
    "b": 1e9,
    "bn": 1e9,
    "mrd": 1e9,
    "milliarde": 1e9,
    "milliarden": 1e9,
    "milliard": 1e9,
    "milliards": 1e9,
    "miliardi": 1e9,
    "miljard": 1e9,
    "trillion": 1e12,
    "tn": 1e12,
    "lakh": 1e5,
    "crore": 1e7,
    "千": 1e3,
    "万": 1e4,
    "萬": 1e4,
    "百万": 1e6,
    "億": 1e8,
    "亿": 1e8,
    "兆": 1e12,
}
_SCALE = re.compile(r"[ \u00a0\u202f-]?(百万|[千万萬億亿兆]|[A-Za-z]{1,10}(?![A-Za-z]))")
_PERCENT = re.compile(
    r"[ \u00a0\u202f]?(?:%|‰|percent\b|per cent\b|percentage points?\b|pp\b|bps?\b|basis points?\b"
    r"|Prozent\b|pour ?cent\b|procent\b|por ciento\b|per cento\b|パーセント)",
    re.IGNORECASE,
)
_CURRENCY = re.compile(
    r"(?:[$€£¥₹]|\b(?:EUR|USD|GBP|CHF|SEK|DKK|NOK|PLN|JPY|CNY|INR))[ \u00a0]?\(?$"
)
_ABOUT = re.compile(
    r"\b(?:about|around|approximately|approx\.?|roughly|some|nearly|almost|over|more than"
    r"|less than|under|circa|ca\.|rund|etwa|knapp|environ|près de|casi|unos|ongeveer)[ \u00a0]$"
    r"|[~≈][ ]?$",
    re.IGNORECASE,
)
CONTEXT_CHARS = 24
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
# Words for numbers, in the languages in which our users write most.
_WORD_VALUES: dict[str, float] = {
    **{word: value for value, word in enumerate(_WORDS.split())},
    **{word: 10 * value for value, word in enumerate(_TENS.split(), start=2)},
    "half": 0.5,
    "dozen": 12,
    "hundred": 100,
}
for _words in (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf",
    "〇 一 二 三 四 五 六 七 八 九 十",
):
    _WORD_VALUES |= {word: value for value, word in enumerate(_words.split())}
_WORD = re.compile(r"[^\W\d_]{2,12}|[〇一二三四五六七八九十]")
_CHINESE_DIGITS = "〇一二三四五六七八九"
_CHINESE_UNITS = {"十": 10.0, "百": 100.0, "千": 1e3, "万": 1e4, "萬": 1e4, "億": 1e8, "亿": 1e8}
_CHINESE = re.compile("[〇一二三四五六七八九两兩十百千万萬億亿]{2,20}")


@dataclass(frozen=True)
class Number:
    """A number from `start` to `end` of a text, with its scale or percent sign, and its meanings.

    `readings` are pairs of a value and the value of its last digit: 1,577 is 1577 or 1.577. With a
    scale, as in 1.577 billion, both the figure itself and the amount are readings.
    """

    start: int
    end: int
    readings: tuple[tuple[float, float], ...]
    digits: int
    has_scale: bool = False
    is_percent: bool = False
    is_money: bool = False
    is_rounded: bool = False

    @property
    def value(self) -> float:
        """The amount in the reading that is likeliest."""
        return self.readings[0][0]


def numbers_in(text: str) -> list[Number]:
    """Return the numbers that a text writes with digits, in order. Of dates, day and year."""
    dates = list(_DATE.finditer(text))
    prose = _DATE.sub(lambda match: " " * len(match.group()), text)
    found = [_number(prose, match) for match in _NUMBER.finditer(prose)]
    for date in dates:
        for group in (1, 3):
            whole = ((float(date[group]), 1.0),)
            found.append(Number(date.start(group), date.end(group), whole, 1))
    return sorted(found, key=lambda each: each.start)


def values_in(text: str) -> list[Number]:
    """Return also those that it writes as words, for looking up: two, zwölf, 二百万."""
    text = normalize("NFKC", text)
    found = numbers_in(text)
    for number in list(found):  # 12 345 may be two cells
        for part in re.finditer(r"\d+", text[number.start : number.end]):
            if re.search(r"\d \d", text[number.start : number.end]):
                whole = ((float(part.group()), 1.0),)
                found.append(Number(number.start, number.end, whole, len(part.group())))
    for match in _WORD.finditer(text.lower()):
        if (value := _WORD_VALUES.get(match.group())) is not None:
            found.append(Number(match.start(), match.end(), ((value, 1.0),), 1))
    for match in _CHINESE.finditer(text):
        value = _chinese(match.group())
        found.append(Number(match.start(), match.end(), ((value, 1.0),), 1, has_scale=True))
    return found


def _number(text: str, match: re.Match[str]) -> Number:
    digits = match.group()
    end = match.end()
    factor = 1.0
    scale = _SCALE.match(text, end)
    if scale and (known := _SCALES.get(scale[1].lower())):
        factor, end = known, scale.end()
    percent = _PERCENT.match(text, end)
    end = percent.end() if percent else end
    before = text[max(0, match.start() - CONTEXT_CHARS) : match.start()]
    plain = [(value, ulp) for value, ulp in _readings(digits, match[1])]
    scaled = [(value * factor, ulp * factor) for value, ulp in plain] if factor != 1.0 else []
    return Number(
        match.start(),
        end,
        tuple([*scaled, *plain]),
        _significant(digits),
        has_scale=factor != 1.0,
        is_percent=percent is not None,
        is_money=bool(_CURRENCY.search(before)),
        is_rounded=bool(_ABOUT.search(_CURRENCY.sub("", before))),
    )


def _significant(digits: str) -> int:
    """Return how many digits say something: of 58,400 three, of 0.70 two."""
    plain = re.sub(r"\D", "", digits).lstrip("0")
    return len(plain if re.search(r"[.,]\d{1,2}$", digits) else plain.rstrip("0")) or 1


def _readings(digits: str, separator: str | None) -> list[tuple[float, float]]:
    """Return each value that digits can stand for, with that of its last digit."""
    if separator is None:
        whole, _, fraction = digits.replace(",", ".").partition(".")
        return [(float(f"{whole}.{fraction or 0}"), 10.0 ** -len(fraction))]
    last = digits[-4] if digits[-4] in ".," else ""
    tail = re.search(r"[.,](\d+)$", digits)
    fraction = tail[1] if tail and (tail[0][0] != separator) else ""
    whole = digits[: len(digits) - len(fraction) - 1] if fraction else digits
    grouped = re.sub(r"\D", "", whole)
    readings = [(float(f"{grouped}.{fraction or 0}"), 10.0 ** -len(fraction))]
    is_single = len(re.findall(r"\D", digits)) == 1
    if is_single and last:  # 1,577 may be a decimal fraction
        readings.append((float(digits.replace(",", ".")), 0.001))
    return readings


def _chinese(digits: str) -> float:
    """Return the value of a Chinese or Japanese numeral."""
    total = section = figure = 0.0
    for char in digits.replace("两", "二").replace("兩", "二"):
        if char in _CHINESE_DIGITS:
            figure = float(_CHINESE_DIGITS.index(char))
            continue
        unit = _CHINESE_UNITS[char]
        if unit < 1e4:
            section += (figure or 1.0) * unit
        else:
            total += (section + figure or 1.0) * unit
            section = 0.0
        figure = 0.0
    return total + section + figure
