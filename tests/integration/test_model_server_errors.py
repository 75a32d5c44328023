"""What servers say no with, word for word or nearly, and what people read then."""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import json
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jobs.errors import (
    AskqueueError,
    BadApiKeyError,
    BadModelRequestError,
    ContextTooLongError,
    ModelOverloadedError,
    NoQuotaError,
    StreamInterruptedError,
    UnknownModelError,
)
from jobs.llm.chat import ChatModel
from jobs.llm.reply import Chunk
from jobs.models import Passage
from jobs.queue.failure_texts import without_quote
from tests.fakes import FakeModelServer, events, says

JSON, HTML = "application/json", "text/html"
PASSAGES = [
    Passage(f"p{number}", "d", "travel.md", f"Limit {number} is EUR 160.") for number in range(8)
]
PAGE = b"<!DOCTYPE html><html><head><title>403 Forbidden</title></head><body>nginx</body></html>"


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


def ask(model: FakeModelServer, passages: int = 1) -> list[Chunk]:
    chat = ChatModel(model.base_url, "sk-very-secret", "stub", 5)
    return list(chat.stream("What is the limit?", PASSAGES[:passages]))


def error_of(model: FakeModelServer, passages: int = 1) -> AskqueueError:
    with pytest.raises(AskqueueError) as caught:
        ask(model, passages)
    return caught.value


CONTEXT = {
    "openai": (
        400,
        {
            "error": {
                "message": "This model's maximum context length is 8192 tokens. However, your "
                "messages resulted in 9000 tokens.",
                "code": "context_length_exceeded",
            }
        },
    ),
    "openai-new": (
        400,
        {"error": {"message": "Your input exceeds the context window of this model.", "code": ""}},
    ),
    "openai-rate": (
        429,
        {
            "error": {
                "message": "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, "
                "Requested 40000. The input or output tokens must be reduced.",
                "code": "rate_limit_exceeded",
            }
        },
    ),
    "azure": (
        400,
        {"error": {"code": "context_length_exceeded", "message": "Please reduce your prompt."}},
    ),
    "gemini": (
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "The input token count (1196265) exceeds the maximum number of "
                    "tokens allowed (1048575).",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
    ),
    "anthropic": (
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "prompt is too long: 213462 tokens > 200000 maximum",
            },
        },
    ),
    "anthropic-413": (413, {"error": {"type": "request_too_large", "message": "Too large"}}),
    "mistral": (
        400,
        {
            "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with "
            "32768 maximum context length",
            "type": "invalid_request_error",
        },
    ),
    "cohere": (
        400,
        {
            "message": "too many tokens: total number of tokens in the prompt cannot exceed 4081 - "
            "received 9000."
        },
    ),
    "groq": (
        400,
        {"error": {"message": "Please reduce the length of the messages or completion."}},
    ),
    "groq-413": (
        413,
        {
            "error": {
                "message": "Request too large for model `x` on tokens per minute (TPM): Limit "
                "6000, Requested 9000, please reduce your message size and try again.",
                "code": "rate_limit_exceeded",
            }
        },
    ),
    "openrouter": (
        400,
        {
            "error": {
                "message": "This endpoint's maximum context length is 8192 tokens. However, you "
                "requested about 9000 tokens.",
                "code": 400,
            }
        },
    ),
    "deepseek": (
        400,
        {"error": {"message": "This model's maximum context length is 65536 tokens."}},
    ),
    "xai": (
        400,
        {
            "error": "This model's maximum prompt length is 131072 but the request contains 537812 "
            "tokens"
        },
    ),
    "kimi": (
        400,
        {"error": {"message": "Invalid request: Your request exceeded model token limit: 8192"}},
    ),
    "dashscope": (
        400,
        {"error": {"message": "Range of input length should be [1, 30720]", "code": "Invalid"}},
    ),
    "zhipu": (400, {"error": {"code": "1261", "message": "Prompt 超长"}}),
    "bedrock": (400, {"message": "Input is too long for requested model."}),
    "litellm": (
        400,
        {
            "error": {
                "message": 'litellm.ContextWindowExceededError: AzureException - {\n "error": '
                '{"code": "context_length_exceeded", "message": "Reduce it."}}',
                "code": "400",
            }
        },
    ),
    "vllm": (
        400,
        {
            "object": "error",
            "message": "The decoder prompt (length 5000) is longer than the maximum model length "
            "of 4096.",
            "code": 400,
        },
    ),
    "vllm-negative": (400, {"message": "max_tokens must be at least 1, got -3000."}),
    "sglang": (
        400,
        {"message": "The input (5000 tokens) is longer than the model's context length (4096)."},
    ),
    "tgi": (
        422,
        {"error": "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000"},
    ),
    "llama.cpp": (
        400,
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size, try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 5000,
                "n_ctx": 4096,
            }
        },
    ),
    "llama.cpp-500": (
        500,
        {"error": {"code": 500, "message": "context size has been exceeded", "type": "server"}},
    ),
    "ollama": (
        400,
        {"error": {"message": "the prompt is too long; currently using 5000 tokens, maximum 4096"}},
    ),
    "lm-studio": (
        400,
        {
            "error": "The number of tokens to keep from the initial prompt is greater than the "
            "context length (n_keep: 13055>= n_ctx: 4096). Try to load the model with a larger one."
        },
    ),
    "proxy": (413, "<html><h1>413 Request Entity Too Large</h1></html>"),
}


@pytest.mark.parametrize(("status", "body"), CONTEXT.values(), ids=CONTEXT)
def test_context_that_is_too_long_is_known_by_the_words_of_each_vendor(
    model: FakeModelServer, status: int, body: object
) -> None:
    """As an error of the request, and where the words allow it within a stream that had begun."""
    data = body if isinstance(body, str) else json.dumps(body)
    model.raw_reply = (status, JSON, data.encode())
    assert isinstance(error_of(model), ContextTooLongError)
    if not isinstance(body, dict) or status in (413, 429):
        return
    model.raw_reply = (200, "text/event-stream", f"event: error\ndata: {data}\n\n".encode())
    assert isinstance(error_of(model), ContextTooLongError)


def test_prompt_that_is_too_long_is_tried_with_fewer_passages(model: FakeModelServer) -> None:
    """The best ones are kept, the answer says so, and the good case costs one request."""

    def refuse_long(request: dict[str, object]) -> tuple[int, str, bytes] | None:
        is_long = "[4]" in json.dumps(request)
        return (*CONTEXT["llama.cpp"][:1], JSON, b'{"error": "n_ctx"}') if is_long else None

    model.reply_to = refuse_long
    chunks = ask(model, passages=8)
    assert [chunk.passages for chunk in chunks if chunk.passages] == [2]
    assert ["2 of 8 passages" in chunk.note for chunk in chunks if chunk.note] == [True]
    assert "EUR 160" in "".join(chunk.text for chunk in chunks)
    assert len(model.requests) == 3
    model.requests.clear()
    assert not [chunk for chunk in ask(model, passages=3) if chunk.note]
    assert len(model.requests) == 1


BAD_KEYS = {
    "openai": (
        401,
        {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}},
    ),
    "empty": (401, ""),
    "gemini": (
        400,
        [{"error": {"message": "API key not valid. Please pass a valid API key.", "code": 400}}],
    ),
    "xai": (400, {"error": "Incorrect API key provided: sk***et."}),
    "groq": (403, {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}}),
    "litellm": (403, {"error": {"message": "Authentication Error, Invalid proxy server token"}}),
}


@pytest.mark.parametrize(("status", "body"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_bad_key_is_told_from_what_else_has_these_codes(
    model: FakeModelServer, status: int, body: object
) -> None:
    """401 is the key's; a 400 or 403 is if it says so."""
    model.raw_reply = (status, JSON, json.dumps(body).encode() if body else b"")
    assert isinstance(error_of(model), BadApiKeyError)


NOT_KEYS = {
    "region": (
        {
            "error": {
                "code": "unsupported_country_region_territory",
                "message": "Country, region, or territory not supported",
            }
        },
        "Country, region, or territory not supported",
    ),
    "firewall": (
        {"error": {"code": "403", "message": "Access denied due to Virtual Network rules."}},
        "Virtual Network rules",
    ),
    "model-access": (
        {"error": {"message": "Project `p` does not have access to model `gpt-5`", "type": "x"}},
        "does not have access to model",
    ),
    "moderation": (
        {"error": {"code": 403, "message": "x requires moderation. Your input was flagged"}},
        "content filter",
    ),
    "service": ({"error": {"message": "Requests to this API are blocked."}}, "are blocked"),
    "string": ("Forbidden by policy 17", "policy 17"),
}


@pytest.mark.parametrize(("body", "words"), NOT_KEYS.values(), ids=NOT_KEYS)
def test_403_that_is_no_matter_of_the_key_has_the_servers_words(
    model: FakeModelServer, body: object, words: str
) -> None:
    """Nobody changes a key that is right."""
    model.raw_reply = (403, JSON, json.dumps(body).encode())
    error = error_of(model)
    assert words in error.message
    assert "API key" not in error.message
    assert not error.retryable


@pytest.mark.parametrize("status", [400, 403, 404, 407, 422, 500, 502, 503, 520, 524, 529])
def test_web_page_is_never_shown(model: FakeModelServer, status: int) -> None:
    """Whatever a proxy or a firewall puts in the place of a reply."""
    for page in (PAGE, b"  <HTML>x", b'{"error": {"message": "<html><body>502</body></html>"}}'):
        model.raw_reply = (status, HTML, page)
        error = error_of(model)
        assert "<" not in error.message
        assert "nginx" not in error.message
        assert error.retryable == (status >= 500)
        assert error.message.endswith(".")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'""', b"{}", b'{"error": null}', b"\x1f\x8b"]
)
@pytest.mark.parametrize("status", [400, 403, 404, 418, 422, 429, 500])
def test_error_without_words_still_says_what_to_do(
    model: FakeModelServer, status: int, body: bytes
) -> None:
    """Empty bodies, and such that are no text, end in a whole sentence."""
    model.raw_reply = (status, JSON, body)
    error = error_of(model)
    assert error.message[0].isupper()
    assert error.message.rstrip().endswith(".")


def test_compressed_error_is_read(model: FakeModelServer) -> None:
    """As its header says."""
    model.raw_headers = {"Content-Encoding": "gzip"}
    model.raw_reply = (400, JSON, gzip.compress(b'{"error": "n_ctx is 4096"}'))
    assert isinstance(error_of(model), ContextTooLongError)
    model.raw_reply = (400, JSON, b"no gzip at all")
    assert error_of(model).message.endswith(".")


MODELS = {
    "azure": (404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment …"}}),
    "openrouter": (404, {"error": {"message": "No endpoints found for x/y.", "code": 404}}),
    "openrouter-400": (400, {"error": {"message": "x/y is not a valid model ID", "code": 400}}),
    "anthropic": (404, {"error": {"type": "not_found_error", "message": "model: claude-x"}}),
    "gemini": (
        404,
        [{"error": {"message": "models/x is not found for API version v1main", "code": 404}}],
    ),
    "mistral": (400, {"object": "error", "message": "Invalid model: x", "code": "1500"}),
    "deepseek": (400, {"error": {"message": "Model Not Exist", "code": "invalid_request_error"}}),
    "groq": (400, {"error": {"message": "decommissioned", "code": "model_decommissioned"}}),
    "one-api": (503, {"error": {"message": "无可用渠道", "code": "model_not_found"}}),
    "string": (404, {"error": "model 'x' not found"}),
}


@pytest.mark.parametrize(("status", "body"), MODELS.values(), ids=MODELS)
def test_unknown_model_is_known_by_its_words(
    model: FakeModelServer, status: int, body: object
) -> None:
    """The sentence names the setting, and what it is for Azure."""
    model.raw_reply = (status, JSON, json.dumps(body).encode())
    error = error_of(model)
    assert isinstance(error, UnknownModelError)
    assert "CHAT_MODEL" in error.message
    assert "deployment" in error.message


ADDRESSES = {
    "fastapi": {"detail": "Not Found"},
    "azure": {"error": {"code": "404", "message": "Resource not found"}},
    "openai": {"error": {"message": "Invalid URL (POST /v1/v1/chat/completions)", "type": "x"}},
    "ollama": "404 page not found",
    "lm-studio": {"error": "Unexpected endpoint or method. (POST /chat/completions)"},
    "page": PAGE.decode(),
}


@pytest.mark.parametrize("body", ADDRESSES.values(), ids=ADDRESSES)
def test_404_of_the_address_names_the_base_url(model: FakeModelServer, body: object) -> None:
    """Most end in /v1, Azure's in /openai/v1."""
    model.raw_reply = (404, JSON, (body if isinstance(body, str) else json.dumps(body)).encode())
    error = error_of(model)
    assert type(error) is BadModelRequestError
    assert "OPENAI_BASE_URL" in error.message
    assert "/openai/v1" in error.message


QUOTAS = {
    "openai": (429, {"error": {"type": "insufficient_quota", "message": "You exceeded it."}}),
    "openai-credits": (429, {"error": {"code": "credit_balance_exhausted", "message": "None."}}),
    "anthropic": (400, {"error": {"message": "Your credit balance is too low to access the API."}}),
    "zhipu": (
        429,
        {"error": {"code": "1113", "message": "Insufficient balance. Please recharge."}},
    ),
    "openrouter": (402, {"error": {"message": "Insufficient credits.", "code": 402}}),
    "litellm": (
        400,
        {"error": {"message": "Budget has been exceeded!", "type": "budget_exceeded"}},
    ),
    "dashscope": (400, {"error": {"message": "Access denied.", "code": "Arrearage"}}),
    "empty": (402, ""),
}


@pytest.mark.parametrize(("status", "body"), QUOTAS.values(), ids=QUOTAS)
def test_account_that_is_used_up_is_not_tried_again(
    model: FakeModelServer, status: int, body: object
) -> None:
    """No wait helps it."""
    model.raw_reply = (status, JSON, json.dumps(body).encode())
    assert isinstance(error_of(model), NoQuotaError)


@pytest.mark.parametrize(
    ("headers", "message", "low", "high"),
    [
        ({"Retry-After": "7"}, "", 7, 7),
        ({"Retry-After": "1.5"}, "", 1.5, 1.5),
        ({"Retry-After-Ms": "2500", "Retry-After": "9"}, "", 2.5, 2.5),
        ({"Retry-After": "date"}, "", 20, 31),
        ({"Retry-After": "soon"}, "", None, None),
        ({"Retry-After": "-3"}, "", 0, 0),
        ({}, "Rate limit reached. Please try again in 7.66s.", 7.66, 7.66),
        ({}, "Please try again in 20ms.", 0.02, 0.02),
        ({}, "Please try again in 7m12s. Upgrade at https://x/billing", 432, 432),
        ({}, "Please try again in 1h2m3.5s.", 3723.5, 3723.5),
        ({}, "Please retry after 30 seconds.", 30, 30),
        ({}, "Retry after 2 minutes", 120, 120),
        ({}, "Rate limit reached. Add a payment method: https://x/account/billing", None, None),
        ({}, "You exceeded your current quota. Please retry in 21.6s.", 21.6, 21.6),
        ({}, "Slow down.", None, None),
    ],
)
def test_wait_of_the_server_is_read_in_every_form(
    model: FakeModelServer,
    headers: dict[str, str],
    message: str,
    low: float | None,
    high: float | None,
) -> None:
    """Seconds, milliseconds, a date, or words; a quota of a minute is a rate."""
    if headers.get("Retry-After") == "date":
        headers = {"Retry-After": formatdate(time.time() + 30, usegmt=True)}
    model.raw_headers = headers
    model.raw_reply = (429, JSON, json.dumps({"error": {"message": message}}).encode())
    error = error_of(model)
    assert isinstance(error, ModelOverloadedError)
    if low is None or high is None:
        assert error.retry_after_seconds is None
    else:
        assert low <= (error.retry_after_seconds or 0.0) <= high


FILTERED = {
    "azure": (
        400,
        {
            "error": {
                "message": "The response was filtered due to the prompt triggering Azure OpenAI's "
                "content management policy.",
                "code": "content_filter",
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
    ),
    "dashscope": (
        400,
        {"error": {"code": "DataInspectionFailed", "message": "Output data may be inappropriate."}},
    ),
    "openai": (400, {"error": {"message": "Rejected by our safety system.", "code": "x"}}),
}


@pytest.mark.parametrize(("status", "body"), FILTERED.values(), ids=FILTERED)
def test_content_filter_is_named(model: FakeModelServer, status: int, body: object) -> None:
    """With the server's words, and what to do."""
    model.raw_reply = (status, JSON, json.dumps(body).encode())
    error = error_of(model)
    assert "content filter refused" in error.message
    assert "Ask in other words" in error.message
    assert not error.retryable


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529])
def test_passing_troubles_of_servers_and_proxies_are_tried_again(
    model: FakeModelServer, status: int
) -> None:
    """With the words of the server, if it has some."""
    model.raw_reply = (status, JSON, b'{"error": {"message": "the model is loading"}}')
    error = error_of(model)
    assert isinstance(error, ModelOverloadedError)
    assert ("the model is loading" in error.message) == (status >= 500)


def test_words_of_a_server_stay_with_the_asker(model: FakeModelServer) -> None:
    """They may repeat the question: RQ's keys and the operators' pages get our own sentence."""
    for reply in (
        (500, JSON, b'{"error": "about my secret question"}'),
        (400, JSON, b'{"error": "about my secret question"}'),
        events('data: {"error": "about my secret question"}\n\n'),
    ):
        model.raw_reply = reply
        failure = error_of(model).failure
        assert "secret question" in failure.message
        assert "secret question" not in without_quote(failure).message
        assert without_quote(failure).kind == failure.kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("overloaded", StreamInterruptedError),
        ({"message": "The engine died."}, StreamInterruptedError),
        ({"code": 502, "message": "Provider disconnected"}, ModelOverloadedError),
        ({"code": "429", "message": "Rate limited"}, ModelOverloadedError),
        ([{"code": 400, "message": "Input is too long"}], ContextTooLongError),
        ({"code": "insufficient_quota", "message": "x"}, NoQuotaError),
        ({"code": "content_filter", "message": "x"}, BadModelRequestError),
        ({"code": 401, "message": "No auth"}, BadApiKeyError),
    ],
)
@pytest.mark.parametrize("text", ["", "The limit "])
def test_error_within_a_stream_is_told_by_its_words(
    model: FakeModelServer, text: str, error: object, kind: type[AskqueueError]
) -> None:
    """Strings, objects and lists, before the first word or after it."""
    line = f"data: {json.dumps({'error': error, 'choices': []})}\n\n"
    model.raw_reply = events(*([says(text)] if text else []), line, done=False)
    assert type(error_of(model)) is kind


def test_error_beside_a_choice_is_one(model: FakeModelServer) -> None:
    """Some gateways put it there."""
    model.raw_reply = events(says("a"), says("", error={"code": 504, "message": "timed out"}))
    assert isinstance(error_of(model), ModelOverloadedError)


def test_redirect_that_loses_the_request_is_named(model: FakeModelServer) -> None:
    """A base URL that the server has moved is to be put right, not guessed."""
    with FakeModelServer() as other:
        target = other.base_url.removesuffix("/v1")
        model.raw_headers = {"Location": f"{target}/v1/chat/completions"}
        model.raw_reply = (308, HTML, b"")
        for status in (200, 401, 404, 405, 422):
            other.raw_reply = (status, HTML, PAGE)
            assert f"redirects to {target}" in error_of(model).message
        other.raw_reply = None
        assert "EUR 160" in "".join(chunk.text for chunk in ask(model))


def test_address_without_tls_is_named(model: FakeModelServer) -> None:
    """An https:// address of a server that speaks plain HTTP, and one without a scheme."""
    secure = model.base_url.replace("http://", "https://")
    with pytest.raises(BadModelRequestError, match="http://"):
        list(ChatModel(secure, "k", "stub", 5).stream("What?", PASSAGES))
    with pytest.raises(BadModelRequestError, match="http://"):
        list(ChatModel("localhost:1/v1", "k", "stub", 5).stream("What?", PASSAGES))


def test_certificate_that_cannot_be_verified_is_named(
    model: FakeModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no outage: the sentence names SSL_CERT_FILE, and with that the server is asked."""
    path = self_signed(tmp_path)
    model.use_tls(path)
    with pytest.raises(BadModelRequestError, match="SSL_CERT_FILE"):
        ask(model)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert "EUR 160" in "".join(chunk.text for chunk in ask(model))


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    ("status", "body", "missing"),
    [
        (400, {"error": {"message": "Unknown parameter: 'stream_options'."}}, "stream_options"),
        (
            422,
            {
                "detail": [
                    {"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "x"}
                ]
            },
            "stream_options",
        ),
        (
            422,
            {"message": {"detail": [{"loc": ["body", "stream_options", "include_usage"]}]}},
            "stream_options",
        ),
        (422, {"detail": [{"msg": "Extra inputs are not permitted"}]}, "stream_options"),
        (422, "", "stream_options"),
        (400, [{"error": {"message": 'Unknown name "x": Cannot find field.'}}], "stream_options"),
        (400, {"error": {"message": "Unrecognized request argument supplied"}}, "stream_options"),
        (500, "create() got an unexpected keyword argument 'stream_options'", "stream_options"),
        (
            400,
            {"error": {"message": "Your organization must be verified to stream this model."}},
            "stream",
        ),
        (400, {"detail": "Streaming is not supported for this model"}, "stream"),
    ],
)
def test_parameter_that_is_refused_is_left_out_from_then_on(
    model: FakeModelServer, status: int, body: object, missing: str
) -> None:
    """Once refused, no question pays for it again; the answer is what counts."""

    def refuse(request: dict[str, object]) -> tuple[int, str, bytes] | None:
        data = body if isinstance(body, str) else json.dumps(body)
        return (status, JSON, data.encode()) if missing in request else None

    model.reply_to = refuse
    model.rewritten = "The limit is EUR 160 [1]."
    chat = ChatModel(model.base_url, "k", "stub", 5)
    for requests in (2, 1, 1):
        model.requests.clear()
        chunks = list(chat.with_model("stub").stream("What is the limit?", PASSAGES))
        assert "EUR 160" in "".join(chunk.text for chunk in chunks)
        assert len(model.requests) == requests


@pytest.mark.parametrize(
    "message",
    ["System role not supported", "Developer instruction is not enabled for models/gemma-3"],
)
def test_model_without_a_system_role_gets_the_rules_with_the_question(
    model: FakeModelServer, message: str
) -> None:
    """Gemma's templates know none."""

    def refuse(request: dict[str, Any]) -> tuple[int, str, bytes] | None:
        has_system = request["messages"][0]["role"] == "system"
        return (400, JSON, json.dumps({"error": message}).encode()) if has_system else None

    model.reply_to, model.answer = refuse, "EUR 160 [1]."
    assert "EUR 160" in "".join(chunk.text for chunk in ask(model))
    [sent] = model.requests[-1]["body"]["messages"]
    assert sent["content"].startswith("You answer questions of analysts")


def test_refusal_of_something_else_is_no_reason_to_ask_again(model: FakeModelServer) -> None:
    """One request, and the words of the server."""
    model.raw_reply = (400, JSON, b'{"error": {"message": "temperature out of range"}}')
    assert "temperature out of range" in error_of(model).message
    assert len(model.requests) == 1
