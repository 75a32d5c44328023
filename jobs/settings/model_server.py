"""The model server, for chat and embeddings, and what answers are made from."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr


class ModelSettings(BaseModel):
    """Settings of models. Without a key or a base URL, answers are quoted from the documents."""

    openai_api_key: SecretStr = Field(
        SecretStr(""), description="Key of OpenAI or a compatible server."
    )
    openai_base_url: str = Field(
        "", description="Base URL of an OpenAI-compatible server, with /v1."
    )
    chat_model: str = Field("gpt-6-luna", description="Model that writes the answers.")
    chat_models: str = Field(
        "", description="Models that people may choose besides `CHAT_MODEL`, separated by commas."
    )
    embedding_model: str = Field(
        "text-embedding-3-small", description="Embedding model; empty means keyword search alone."
    )
    embedding_base_url: str = Field("", description="Base URL of embeddings, if another server's.")
    embedding_api_key: SecretStr = Field(SecretStr(""), description="Key of that server.")
    model_timeout_seconds: float = Field(
        60.0, gt=0, description="Longest silence of the model server, in seconds."
    )
    passages_per_answer: int = Field(
        6, ge=1, le=50, description="Passages given to the model for one answer."
    )
    cache: bool = Field(
        True,
        description="Answer a question that is asked again from its earlier answer: on or off.",
    )

    @property
    def has_chat_model(self) -> bool:
        """True if a model writes answers; False means that they are quoted from the passages."""
        return bool(self.openai_api_key.get_secret_value() or self.openai_base_url)

    @property
    def offered_models(self) -> tuple[str, ...]:
        """The models that people may choose from; the first is the one that answers otherwise."""
        others = (name.strip() for name in self.chat_models.split(","))
        return tuple(dict.fromkeys((self.chat_model, *filter(None, others))))

    @property
    def has_embeddings(self) -> bool:
        """True if an embedding server is configured (it may still turn out to have none)."""
        configured = self.has_chat_model or bool(
            self.embedding_base_url or self.embedding_api_key.get_secret_value()
        )
        return configured and bool(self.embedding_model)
