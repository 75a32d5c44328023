"""Dates in texts of several languages, as ISO 8601, so that "1st July 2022" finds "01.07.2022"."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MONTH_NAMES = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber maerz apr mai juin juil août sept okt nov dez",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada "
    "grudnia",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november december",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
)
MONTHS = {
    name: number for names in _MONTH_NAMES for number, name in enumerate(names.split(), start=1)
}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_YEAR = r"(?:19|20)\d\d(?!\d)"
_DATE = re.compile(
    rf"\b(?P<d1>\d\d?)(?:st|nd|rd|th|er|\.|º)?\s{{0,2}}(?:(?:de|of)\s)?"
    rf"(?P<m1>{_MONTH})\b[.,]{{0,2}}\s{{0,2}}(?:de[l]?\s)?(?P<y1>{_YEAR})"
    rf"|\b(?P<m2>{_MONTH})\b\.?\s{{1,2}}(?P<d2>\d\d?)(?:st|nd|rd|th)?,?\s{{1,2}}(?P<y2>{_YEAR})"
    r"|\b(?P<y3>(?:19|20)\d\d)(?P<s3>[-/.])(?P<m3>\d\d?)(?P=s3)(?P<d3>\d\d?)(?!\d)"
    rf"|\b(?P<d4>\d\d?)(?P<s4>[-/.])\s?(?P<m4>\d\d?)(?P=s4)\s?(?P<y4>{_YEAR})"
    r"|(?<!\d)(?P<y5>(?:19|20)\d\d)\s?[年년]\s?(?P<m5>\d\d?)\s?[月월]\s?(?P<d5>\d\d?)\s?[日일]"
)
# By the last of each kind of date.
_NAMES = {
    last: (f"y{kind}", f"m{kind}", f"d{kind}")
    for kind, last in enumerate(("y1", "y2", "d3", "y4", "d5"), start=1)
}


def iso_dates(text: str) -> Iterator[str]:
    """Yield the days that a text in small letters names, such as "2028-09-30".

    Where day and month cannot be told apart, as in "03/04/2024", both readings.
    """
    for match in _DATE.finditer(text):
        year, month, day = (match[name] for name in _NAMES[match.lastgroup or ""])
        days = {(year, MONTHS.get(month) or int(month), int(day))}
        if match["s4"] in ("/", "-"):
            days.add((year, int(day), int(month)))
        for year, number, day_of_month in sorted(days):
            # "12/31/2024" has one reading.
            if 1 <= number <= 12 and 1 <= day_of_month <= 31:
                yield f"{year}-{number:02}-{day_of_month:02}"
