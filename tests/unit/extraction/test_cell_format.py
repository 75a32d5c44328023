"""Numbers are shown as the cells of a spreadsheet show them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.extraction.readers.cell_format import format_number, format_text
from jobs.extraction.readers.format_codes import BUILT_IN_CODES

EURO = '_-* #,##0.00\\ "€"_-;-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-'


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0.1 + 0.2, "General", "0.3"),
        (1 / 3, "General", "0.333333333"),
        (98765.4321987, "General", "98765.4322"),
        (1234567890123456, "0", "1234567890123456"),
        (1e21, "General", "1E+21"),
        (0.075, "0.0%", "7.5%"),
        (0.125, "0.00 %", "12.50 %"),
        (1234.5, '"€"#,##0.00', "€1,234.50"),
        (1234.5, "#,##0.00\\ [$€-407]", "1,234.50 €"),
        (1234.5, '"EUR" 0.00', "EUR 1234.50"),
        (-1234.5, EURO, "-1,234.50 €"),
        (0, EURO, "- €"),
        (-1234.5, "#,##0.00_);[Red]\\(#,##0.00\\)", "(1,234.50)"),
        (-5, '"€"0.00', "-€5.00"),
        (-0.001, "0.00", "0.00"),
        (1.005, "0.00", "1.01"),
        (2.5, "0", "3"),
        (417, "00000", "00417"),
        (12, "0,000", "0,012"),
        (5551234567, "(000) 000-0000", "(555) 123-4567"),
        (12, '0" pieces"', "12 pieces"),
        (1234567, '#,##0,"k"', "1,235k"),
        (1234567, '0.0,,"M"', "1.2M"),
        (5.25, "#,##0.###", "5.25"),
        (12345, "0.00E+00", "1.23E+04"),
        (12345, "##0.0E+0", "12.3E+3"),
        (2.75, "# ?/?", "2 3/4"),
        (0.3125, "?/16", "5/16"),
        (1, '"Yes";;"No"', "Yes"),
        (0, '"Yes";;"No"', "No"),
        (150, '[>=100]"high "0;"low "0', "high 150"),
        (50, '[>=100]"high "0;"low "0', "low 50"),
        (5, ";;;", ""),
        (12, 'General" kg"', "12 kg"),
    ],
)
def test_numbers(value: float, code: str, shown: str) -> None:
    """Decimals, thousands, signs, currencies, percent and texts are those of the format."""
    assert format_number(value, code) == shown


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (46096, "dd/mm/yyyy", "2026-03-15"),
        (46096, "[$-F800]dddd, mmmm dd, yyyy", "2026-03-15"),
        (46096, 'yyyy"年"m"月"d"日"', "2026-03-15"),
        (46096.604167, "d.m.yy h:mm", "2026-03-15 14:30"),
        (46096, "mmm-yy", "2026-03"),
        (46096, "yyyy", "2026"),
        (6.5 / 24, "hh:mm", "06:30"),
        (0.75, "h:mm AM/PM", "18:00"),
        (0.5 - 1e-12, "hh:mm:ss", "12:00:00"),
        (1.25, "[h]:mm", "30:00"),
        (1.5, "[mm]:ss", "2160:00"),
        (0.0038194444, "mm:ss.0", "05:30.0"),
        (6.5 / 24, "dd/mm/yyyy hh:mm", "06:30"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        (0, "yyyy-mm-dd", "0"),
        (-3, "yyyy-mm-dd", "-3"),
        (1e9, "yyyy-mm-dd", "1000000000"),
    ],
)
def test_dates_and_times(value: float, code: str, shown: str) -> None:
    """Dates are ISO 8601, times have no date, durations may have more than a day."""
    assert format_number(value, code) == shown


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    """The same number is another day in workbooks of old Macs."""
    assert format_number(44634, "dd/mm/yyyy", is_1904=True) == "2026-03-15"
    assert format_number(0, "dd/mm/yyyy", is_1904=True) == "1904-01-01"


def test_texts() -> None:
    """A format may have words beside a text, or hide it."""
    assert format_text("x", '0;-0;0;"EUR "@') == "EUR x"
    assert format_text("x", '@" kg"') == "x kg"
    assert format_text("x", ";;;") == ""
    assert format_text("x", "0.00") == "x"


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(alphabet='0#?.,%E+-/ ;[]$€"\\_*@dmyhsAPGenral>=<1234567890', max_size=40),
)
def test_any_code_shows_any_number(value: float, code: str) -> None:
    """No format code of a file makes the reader fail."""
    assert isinstance(format_number(value, code), str)
    assert isinstance(format_text("text", code), str)


def test_built_in_formats_have_no_month_before_the_day() -> None:
    """The ids that files do not declare are known, those of Chinese and Japanese Excel too."""
    assert format_number(46096, BUILT_IN_CODES[14]) == "2026-03-15"
    assert format_number(46096, BUILT_IN_CODES[31]) == "2026-03-15"
    assert format_number(0.5, BUILT_IN_CODES[10]) == "50.00%"
