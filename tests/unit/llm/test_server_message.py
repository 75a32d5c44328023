"""The words of a server's error, in whatever form it comes."""

from __future__ import annotations

import json

import pytest

from jobs.llm.server_message import message_of


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "Too long.", "code": "x"}}, "Too long."),
        ({"error": "Too long."}, "Too long."),
        ({"error": {"error": {"msg": "Too long."}}}, "Too long."),
        ({"object": "error", "message": "Too long.", "code": 400}, "Too long."),
        ([{"error": {"code": 400, "message": "Too long.", "status": "INVALID"}}], "Too long."),
        ({"detail": "Too long."}, "Too long."),
        (
            {"detail": [{"type": "extra_forbidden", "loc": ["body", "top"], "msg": "Not allowed"}]},
            "top: Not allowed",
        ),
        ({"errors": ["Too long.", "More"]}, "Too long."),
        ({"error_code": 17, "error_msg": "Too long."}, "Too long."),
        ({"message": {"detail": [{"loc": ["a", 0], "msg": "x"}]}}, "a.0: x"),
        ('{"error": {"message": "Too long."}}', "Too long."),
        ({"error": {"message": '{"error": {"message": "Too long."}}'}}, "Too long."),
        (
            {"error": {"message": 'Error from provider: {"error": {"message": "Too long."}} End'}},
            "Too long.",
        ),
        ("Too long.\nTraceback: …", "Too long."),
        ("upstream connect error", "upstream connect error"),
        ("<html><body><h1>502 Bad Gateway</h1></body></html>", ""),
        ('<!DOCTYPE html>\n<title>Just a moment...</title><script>{"a": 1}</script>', ""),
        ({"error": {"message": "<html><body>nginx</body></html>"}}, ""),
        ({"error": {"message": "Bad gateway <html>nginx</html>"}}, "Bad gateway"),
        ("\x1f\x8b\x08\x00\x00\ufffd\ufffd\x01", ""),
        ("", ""),
        (None, ""),
        (17, ""),
        ({}, ""),
        ([], ""),
        ({"error": None}, ""),
    ],
)
def test_words_are_one_plain_line(body: object, words: str) -> None:
    """Whether it is an object, a list, a string, JSON within JSON or a web page."""
    assert message_of(body).words == words
    assert message_of(json.dumps(body) if not isinstance(body, str) else body).words == words


def test_codes_are_found_wherever_they_stand() -> None:
    """Of the server itself, and of the one behind a gateway."""
    inner = json.dumps({"error": {"code": "context_length_exceeded", "type": "Invalid"}})
    message = message_of({"error": {"message": f"Azure: {inner}", "code": 400}})
    assert {"context_length_exceeded", "invalid", "400"} <= message.codes


def test_what_was_sent_is_not_taken_for_what_is_said() -> None:
    """A validation error may repeat the prompt, which has any words."""
    body = {"detail": [{"msg": "bad", "loc": ["body"], "input": {"message": "context length"}}]}
    assert "context length" not in message_of(body).text


def test_deep_and_long_bodies_cost_little() -> None:
    """Nesting is read to a bounded depth, words to a bounded length."""
    body: object = "x"
    for _ in range(500):
        body = {"error": [body]}
    assert message_of(body).words == ""
    assert len(message_of("x" * 1_000_000).words) <= 1000
