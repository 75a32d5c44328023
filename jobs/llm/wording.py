"""What the errors of model servers mean, by the codes and the words that servers use.

Of OpenAI, Azure, Gemini, Anthropic, Mistral, Cohere, Groq, OpenRouter, DeepSeek, DashScope, Zhipu,
LiteLLM, vLLM, SGLang, llama.cpp, Ollama, LM Studio, TGI, TEI and others. All is in lower case.
"""

from __future__ import annotations

import re

_CONTEXT_CODES = frozenset(
    {
        "context_length_exceeded",
        "exceed_context_size_error",
        "model_context_window_exceeded",
        "string_above_max_length",
        "request_too_large",
        "tokens_limit_reached",
    }
)
_CONTEXT = re.compile(
    r"context[ _](?:length|size|window|limit)|n_ctx"
    r"|(?:prompt|input|messages?|request|query|text)s? (?:is |are |was )?too (?:long|large|big)"
    r"|too many (?:input |prompt )?tokens|too large for model|too large to process"
    r"|max(?:imum)? (?:prompt|input|sequence|model|context) (?:length|tokens|size)"
    r"|max(?:imum)? (?:allowed )?(?:number of )?(?:input |prompt )?tokens"
    r"|(?:token|length) limit|(?:input|prompt) token count|model token|max tokens allowed"
    r"|(?:input|prompt) tokens exceed|exceeds (?:the )?max(?:imum)? length|string too long"
    r"|(?:total )?number of tokens|tokens.? \+ .?max_new_tokens|must have less than \d+ tokens"
    r"|reduce (?:the length|your (?:message|prompt))|max_tokens must be at least 1"
    r"|(?:prompt|input|sequence|message)s?.{0,12} length|length of the (?:prompt|messages|input)"
    r"|physical batch size|超长|上下文长度|最大长度|长度超"
)
_EXCEEDS = re.compile(
    r"exceed|too (?:long|large|big|many)|(?:larger|greater|longer|more|bigger) than|>|超"
)
_THROTTLED = re.compile(r"rate.?limit|throttl|too many requests|wait before|overloaded")
_TOO_LARGE_FOR_RATE = re.compile(r"request too large|must be reduced|reduce your message")

_QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "billing_hard_limit_reached",
        "billing_not_active",
        "budget_exceeded",
        "arrearage",
        "insufficient_balance",
        "insufficient_user_quota",
    }
)
_QUOTA = re.compile(
    r"insufficient[ _](?:quota|balance|credit|fund)|credit balance|balance is (?:too low|not)"
    r"|(?:no|not enough|out of|lacks?) (?:credits?|balance|quota)|exceeded your (?:current|monthly)"
    r"|budget has been exceeded|billing|spending limit|in arrears|overdue|余额不足|欠费|额度不足"
)

_FILTER_CODES = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "data_inspection_failed",
        "datainspectionfailed",
        "responsibleaipolicyviolation",
        "moderation_blocked",
    }
)
_FILTER = re.compile(
    r"content (?:filter|policy|management)|responsible ?ai|data.?inspection|flagged|moderation"
    r"|safety (?:system|filter|setting|check)|(?:inappropriate|harmful|sensitive) content"
    r"|prompt (?:was |is )?blocked|prohibited[ _]content|敏感|不安全"
)

_KEY = re.compile(
    r"(?:invalid|incorrect|wrong|missing|expired|revoked|unknown|disabled|valid|no)"
    r".{0,12}(?:api[ _-]?key|access token|auth token|bearer|credential)"
    r"|(?:api[ _-]?key|access token|credential)s?.{0,24}"
    r"(?:invalid|incorrect|not valid|missing|expired|revoked|required|disabled|not found)"
    r"|authentication (?:failed|error|required|fails)|无效的令牌"
)

_MODEL_CODES = frozenset(
    {"model_not_found", "deploymentnotfound", "model_decommissioned", "modelnotfound"}
)
_NO_MODEL = re.compile(
    r"model.{0,80}(?:not (?:found|exist|support|available|loaded)|does(?: not|n't) exist|invalid"
    r"|unknown|decommission|deprecated)|(?:invalid|unknown|unsupported|no such) model"
    r"|not a valid model|no endpoints found|deployment.{0,40}(?:not exist|not found)"
)
_NAMES_MODEL = re.compile(r"model|deployment|engine\b|no endpoints found")
_NO_ADDRESS = re.compile(
    r"data policy|url|endpoint or method|unexpected endpoint|no route|cannot post"
)

_STREAM_OPTIONS = re.compile(r"stream[_ ]options|include_usage")
_LIMIT = re.compile(r"max_(?:completion_|new_|output_)?tokens|(?:in|for) the completion")
_UNKNOWN_PARAMETER = re.compile(
    r"extra (?:inputs?|fields?|parameters?)|extra_forbidden|additional propert|cannot find field"
    r"|(?:unknown|unrecogni[sz]ed|unexpected|unsupported|invalid)"
    r" (?:\w+ )?(?:parameter|argument|field|name|keyword|property)|unknown_parameter"
)
_NO_STREAM = re.compile(
    r"stream(?:ing)?\b.{0,60}(?:not |un)(?:support|available|allowed|implemented|enabled)"
    r"|(?:not |un)support\w*.{0,30}\bstream|verified to stream"
)
_NO_SYSTEM = re.compile(
    r"(?:system|developer)['\"]? (?:role|message|prompt|instruction).{0,40}(?:not |un)"
    r"(?:support|allowed|enabled)|(?:not |un)support\w*.{0,30}['\"]?system\b"
    r"|roles must alternate|only user(?: and|,) assistant.{0,12} roles"
)

_BATCH = re.compile(
    r"batch.{0,30}(?:size|large|limit|maximum|exceed|invalid)|(?:number|count) of (?:inputs|texts)"
    r"|too many (?:inputs|texts|documents|items|strings)|array too long|maximum (?:items|number of)"
    r"|at most \d+ (?:requests|inputs|texts|items|documents)|more batches|not be larger than"
    r"|(?:max|maximum|than) \d+ (?:texts|inputs|items)|tokens? per (?:request|min|batch)"
    r"|tokens .{0,30}\bbatch|request body"
)
_ONE_INPUT = re.compile(r"physical batch size|too large to process|must have less than \d+ tokens")
_NO_BASE64 = re.compile(r"base64|encoding[_ ]format")


def is_about_context(status: int, text: str, codes: frozenset[str] = frozenset()) -> bool:
    """Return whether the prompt is too long for the model. Within a stream, the status is 0."""
    if codes & _CONTEXT_CODES:
        return True
    if status == 429:  # more at once than the account may ever send in a minute
        return bool(_TOO_LARGE_FOR_RATE.search(text))
    if _THROTTLED.search(text):  # of the tokens of all requests
        return False
    if status in (0, 400, 413, 422):
        return bool(_CONTEXT.search(text))
    return status not in (401, 402, 403, 404) and bool(
        _CONTEXT.search(text) and _EXCEEDS.search(text)
    )


def is_about_quota(text: str, codes: frozenset[str], *, may_retry: bool) -> bool:
    """Return whether the account is used up. Some say so of a minute too, with a time to retry."""
    if codes & _QUOTA_CODES:
        return True
    return not may_retry and "rate limit" not in text and bool(_QUOTA.search(text))


def is_about_content(text: str, codes: frozenset[str]) -> bool:
    """Return whether a filter of contents refused it."""
    return bool(codes & _FILTER_CODES) or bool(_FILTER.search(text))


def is_about_key(text: str) -> bool:
    """Return whether a 400 or 403 is about the key; for a 401 it is."""
    return bool(_KEY.search(text))


def is_about_model(status: int, text: str, codes: frozenset[str]) -> bool:
    """Return whether the server lacks this model; of a 404, whether it is not the address."""
    if codes & _MODEL_CODES:
        return True
    if status == 404:
        return bool(_NAMES_MODEL.search(text)) and not _NO_ADDRESS.search(text)
    return status == 400 and bool(_NO_MODEL.search(text))


def refused_part(status: int, text: str) -> str:
    """Return which part of a chat request the server does not know: one that it can do without.

    "usage" is `stream_options`, which not all servers know; "max_tokens" is the name of the limit
    of an answer, "limit" that limit by any name; "stream" is streaming; "system" is the role of the
    rules. "" stands for none of them.
    """
    if _STREAM_OPTIONS.search(text):
        return "usage"
    if _LIMIT.search(text):
        return "limit" if _CONTEXT.search(text) or _EXCEEDS.search(text) else "max_tokens"
    if _NO_STREAM.search(text):
        return "stream"
    if _NO_SYSTEM.search(text):
        return "system"
    return "usage" if status == 422 or _UNKNOWN_PARAMETER.search(text) else ""


def refuses_base64(text: str) -> bool:
    """Return whether an embedding server wants another `encoding_format`, or none."""
    return bool(_NO_BASE64.search(text) or _UNKNOWN_PARAMETER.search(text))


def is_about_batch(text: str) -> bool:
    """Return whether an embedding server wants fewer texts at once, not shorter ones."""
    return bool(_BATCH.search(text)) and not _ONE_INPUT.search(text)
