"""The parts of the OpenAI protocol that the chat endpoint supports.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import MaxLen
from pydantic import BaseModel, ConfigDict, FailFast, Field, JsonValue, model_validator

from jobs.answer_files.content import earlier_words
from jobs.batches.results_file import source_line
from jobs.models import Answer

MODEL = "askqueue"
MAX_MESSAGES = 1000
MAX_PARTS = 1000
ROLES: list[JsonValue] = ["user", "system", "developer", "assistant", "tool"]
UNSUPPORTED = {
    "tools": "Tools are not supported. Leave out `tools`.",
    "functions": "Functions are not supported. Leave out `functions`.",
    "logprobs": "Log probabilities are not supported. Leave out `logprobs`.",
    "audio": "Audio is not supported. Leave out `audio`.",
}
NO_FORMAT = "Answers are text with citations. Leave out `response_format`."
NO_CHOICES = "There is one answer to a question. Leave out `n`, or set it to 1."
TEXT_ALONE = (
    "A message is text here: images, audio and files cannot be asked about. Add the document to "
    "the installation, and ask in words."
)
NO_QUESTION = "There is no message of the role user, so nothing is asked."


class Part(BaseModel):
    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["text"])
    text: str = ""


class ChatMessage(BaseModel):
    model_config = ConfigDict(extra="allow")

    role: str = Field(examples=["user"], json_schema_extra={"enum": ROLES})
    content: str | Annotated[list[Part], MaxLen(MAX_PARTS)] | None = Field(
        None, examples=["What is the hotel limit per night?"]
    )

    @property
    def words(self) -> str:
        """The text of the message; raises ValueError if it holds anything else."""
        if isinstance(self.content, list):
            if any(part.type != "text" for part in self.content):
                raise ValueError(TEXT_ALONE)
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="allow")

    include_usage: bool | None = False


class ChatCompletionRequest(BaseModel):
    """The last message of the role user is the question; earlier messages are ignored.

    Parameters of generation, such as `temperature`, `stop` and `max_tokens`, are accepted and
    ignored: the installation sets them.
    """

    model_config = ConfigDict(extra="allow")

    model: str = Field(
        description="The model of `GET /v1/models`.",
        examples=[MODEL],
        json_schema_extra={"enum": [MODEL]},
    )
    messages: Annotated[list[ChatMessage], FailFast()] = Field(
        min_length=1, max_length=MAX_MESSAGES
    )
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(None, description="1, if given.", json_schema_extra={"enum": [1, None]})
    cache: bool | None = Field(
        True,
        description="Extension of the protocol: false for a new answer instead of an earlier one.",
    )

    @model_validator(mode="after")
    def _asks_what_there_is(self) -> ChatCompletionRequest:
        if self.n not in (None, 1):
            raise ValueError(NO_CHOICES)
        extra = self.model_extra or {}
        for name, sentence in UNSUPPORTED.items():
            if extra.get(name):
                raise ValueError(sentence)
        wanted = extra.get("response_format")
        if wanted and (not isinstance(wanted, dict) or wanted.get("type") != "text"):
            raise ValueError(NO_FORMAT)
        if not self.question_message:
            raise ValueError(NO_QUESTION)
        _ = self.question
        return self

    @property
    def question_message(self) -> ChatMessage | None:
        return next((each for each in reversed(self.messages) if each.role == "user"), None)

    @property
    def question(self) -> str:
        message = self.question_message
        return message.words if message else ""

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)


class OpenAIErrorDetail(BaseModel):
    message: str = Field(description="A sentence for people that says what to do.")
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = None
    code: str | None = Field(None, description="A stable word for programs.")


class OpenAIError(BaseModel):
    """An error in the shape of the OpenAI API."""

    error: OpenAIErrorDetail


class ReplyMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    index: int = 0
    message: ReplyMessage
    finish_reason: str = "stop"


class Usage(BaseModel):
    """Tokens as counted by the model server; zero if it does not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class ChatCompletion(BaseModel):
    """An answer. `citations`, an extension of the protocol, has its sources."""

    id: str = Field(description="`chatcmpl-` and the id of the job.")
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[Choice]
    usage: Usage
    citations: list[dict[str, Any]] = []


class ModelInfo(BaseModel):
    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "askqueue"


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelInfo]


def usage_of(answer: Answer | None) -> Usage:
    if answer is None:
        return Usage()
    prompt, completion = answer.tokens.prompt, answer.tokens.completion
    return Usage(
        prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion
    )


def ending_of(answer: Answer) -> str:
    """Return what follows the text: its sources and, if it is reused, its date; "" for neither."""
    lines = [source_line(citation) for citation in answer.citations]
    sources = "\n\nSources:\n" + "\n".join(lines) if lines else ""
    if answer.earlier_at is None:
        return sources
    return f"{sources}\n\n{earlier_words(answer.earlier_at)}"
