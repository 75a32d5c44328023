"""What the words of servers mean, and what they do not. Whole replies are in
`tests/integration/test_model_server_errors.py`."""

from __future__ import annotations

import pytest

from jobs.llm.wording import is_about_batch, is_about_context, is_about_key, refused_part


@pytest.mark.parametrize(
    "text",
    [
        "input length 265330 exceeds the maximum allowed input length of 262144 tokens.",
        "the input (265330 tokens) is longer than the model's context length (262144 tokens).",
        "prompt token count of 145000 exceeds the limit of 128000",
        "invalid params, context window exceeds limit",
        "prompt has 300,000 tokens, but the configured context size is 131,072 tokens",
        "prompt too long; exceeded max context length by 4096 tokens",
        "input tokens exceed the configured limit of 128000.",
        "too many tokens in the request",
        "token limit exceeded",
        "request exceeds maximum length of 4096",
        "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000",
        "tokens in request more than max tokens allowed",
        "`inputs` tokens + `max_new_tokens` must be <= 4097. given: 6000",
        "requested token count exceeds the model's maximum context length of 4096 tokens",
        "trying to keep the first 5000 tokens when context the overflows. however, the model is "
        "loaded with context length of only 4096 tokens",
        "输入长度超过最大长度限制",
    ],
)
def test_prompt_that_is_too_long_has_many_words(text: str) -> None:
    """Of the gateways and engines of 2026."""
    assert is_about_context(400, text)
    assert is_about_context(0, text)


@pytest.mark.parametrize(
    "text",
    [
        "throttling error: too many tokens, please wait before trying again.",
        "rate limit reached for x on tokens per min (tpm): limit 30000, used 29000.",
        "the engine is currently overloaded, context length",
        "unsupported value.",
        "invalid 'messages': empty array",
        "temperature must be between 0 and 2",
        "internal server error",
        "",
    ],
)
def test_other_troubles_are_not_about_the_length(text: str) -> None:
    """Fewer passages would not help them."""
    assert not is_about_context(400, text)
    assert not is_about_context(500, text)
    assert not is_about_context(429, text)


def test_server_error_that_only_names_the_context_is_one() -> None:
    """It has to say that the context is too small."""
    assert not is_about_context(500, "failed to allocate the context size")
    assert is_about_context(500, "context size has been exceeded")


@pytest.mark.parametrize(
    ("status", "text", "part"),
    [
        (400, "unknown parameter: 'stream_options.include_usage'.", "usage"),
        (400, "additional properties are not allowed ('stream_options' was unexpected)", "usage"),
        (400, "streaming is not supported", "stream"),
        (400, "'stream' does not support true with this model", "stream"),
        (500, "only user, assistant and tool roles are supported, got system", "system"),
        (400, "conversation roles must alternate user/assistant/user/assistant/...", "system"),
        (400, "unsupported value: 'messages[0].role' does not support 'system'", "system"),
        (400, "unsupported value.", ""),
        (400, "", ""),
        (500, "internal server error", ""),
    ],
)
def test_part_that_is_refused_is_known(status: int, text: str, part: str) -> None:
    """So that it can be left out, and nothing else is."""
    assert refused_part(status, text) == part


def test_batch_and_text_are_told_apart() -> None:
    """llama.cpp calls the longest text that it takes its physical batch size."""
    assert is_about_batch("batch size 64 > maximum allowed batch size 32")
    assert not is_about_batch("input is too large; increase the physical batch size")


def test_access_is_not_the_key() -> None:
    """A key can be good and allow little."""
    assert is_about_key("invalid api key")
    assert not is_about_key("your project does not have access to this model")
    assert not is_about_key("your plan does not include this region")
