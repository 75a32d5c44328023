"""Names of files that people download."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from ui.web.attachments import LONGEST_NAME, attachment


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("policy.pdf", "policy.pdf"),
        ("Été – 酒店.pdf", "Été – 酒店.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ('a"; filename="evil.html', 'a"; filename="evil.html'),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("\x00\u200b", "file"),
        ("..", "file"),
        ("x" * 5000 + ".pdf", "x" * (LONGEST_NAME - 4) + ".pdf"),
        ("\ud800.pdf", "pdf"),
    ],
)
def test_name_is_that_of_a_file_and_of_nothing_else(name: str, saved: str) -> None:
    """In any script, without folders, ends of lines, quotes or marks that turn the text round."""
    value = attachment(name)["Content-Disposition"]
    assert value.startswith("attachment; ")
    assert unquote(value.rpartition("filename*=UTF-8''")[2]) == saved
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
