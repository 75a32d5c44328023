"""The model server, for chat and embeddings, and what answers are made from."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr

# The embedding models that Askqueue carries, and the value that stands for none.
CARRIED_MODELS = Path(__file__).resolve().parents[2] / "embedding_models"
NO_MODEL = "off"


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
        "text-embedding-3-small",
        description="Embedding model of the server; empty means the local one.",
    )
    embedding_base_url: str = Field("", description="Base URL of embeddings, if another server's.")
    embedding_api_key: SecretStr = Field(SecretStr(""), description="Key of that server.")
    local_embedding_model: str = Field(
        "all-MiniLM-L6-v2",
        description="Embedding model in the worker, where no server's is set: the one that "
        "Askqueue carries, a folder with another, or `off` for keyword search alone.",
    )
    rerank_url: str = Field(
        "",
        description="Address of a reranker, such as `http://localhost:8080/rerank`; empty: none.",
    )
    rerank_model: str = Field("", description="Model of the reranker, where it has several.")
    rerank_api_key: SecretStr = Field(SecretStr(""), description="Key of the reranker.")
    model_timeout_seconds: float = Field(
        60.0, gt=0, description="Longest silence of the model server, in seconds."
    )
    max_answer_tokens: int = Field(2000, ge=1, description="Longest answer of a model, in tokens.")
    passages_per_answer: int = Field(
        12, ge=1, le=50, description="Passages given to the model for one answer."
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

    @property
    def local_embedding_folder(self) -> Path | None:
        """Where the embedding model is that runs in the worker; None for none."""
        name = self.local_embedding_model
        if name.lower() == NO_MODEL:
            return None
        carried = CARRIED_MODELS / name
        return carried if carried.parent == CARRIED_MODELS and carried.is_dir() else Path(name)

    @property
    def embedding_model_name(self) -> str:
        """The name of the embedding model in use, a server's or a local one's; "" for none."""
        if self.has_embeddings:
            return self.embedding_model
        folder = self.local_embedding_folder
        return "" if folder is None else f"local/{folder.name}"
