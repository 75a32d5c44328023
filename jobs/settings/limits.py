"""Limits of what one user may ask and store, and of the extraction of text."""

from __future__ import annotations

from pydantic import BaseModel, Field


class LimitSettings(BaseModel):
    """Settings that limit questions, batches, uploads and text extraction."""

    max_question_chars: int = Field(4000, ge=1, description="Longest question, in characters.")
    user_concurrency: int = Field(
        8, ge=1, description="Questions of one user queued or running at once; the rest wait."
    )
    indexing_concurrency: int = Field(
        4, ge=1, description="Documents of one user queued or indexed at once; the rest wait."
    )
    questions_per_minute: int = Field(
        120, ge=0, description="Questions that one user may ask in a minute; 0: any number."
    )
    urgent_per_minute: int = Field(
        5, ge=0, description="Questions that one user may make urgent in a minute; 0: none."
    )
    user_storage_mb: int = Field(
        1000, ge=0, description="Most that the documents of one user take up, in MB; 0: no limit."
    )
    user_documents: int = Field(5000, ge=0, description="Most documents of one user; 0: no limit.")
    batch_concurrency: int = Field(
        4, ge=1, description="Rows of one user's batches queued or running at once."
    )
    batch_max_rows: int = Field(
        5000, ge=1, le=20_000, description="Most rows of one batch, 20,000 at most."
    )
    user_batches_mb: int = Field(
        200,
        ge=1,
        description="Most that the batches of one user take up in Valkey with their answers, in "
        "MB, reckoned as 4 KB a row and the text.",
    )
    user_questions: int = Field(
        20_000, ge=1, description="Most questions that one user keeps, batches apart."
    )
    max_upload_mb: int = Field(50, ge=1, description="Largest uploaded file, in MB.")
    extraction_timeout_seconds: int = Field(
        120,
        ge=1,
        description="Most processor time for the text of one document, in seconds; for each page, "
        "where pages are pictures.",
    )
    extraction_memory_mb: int = Field(
        2048, ge=256, description="Most memory for the extraction of one document, in MB."
    )
    ocr_languages: str = Field(
        "eng",
        pattern=r"^[A-Za-z][A-Za-z_]*(\+[A-Za-z][A-Za-z_]*)*$",
        description="The languages of scans and other pictures, by Tesseract's names, such as "
        "`eng+deu`. The data of others than `eng` must be installed (Debian: "
        "`tesseract-ocr-eng tesseract-ocr-deu`).",
    )

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * 1024 * 1024

    @property
    def user_batches_bytes(self) -> int:
        return self.user_batches_mb * 1_000_000

    @property
    def user_storage_bytes(self) -> int:
        """Most that one user's documents take up; 0: no limit. MB are decimal, as on the page."""
        return self.user_storage_mb * 1_000_000
