"""How long questions and documents are kept."""

from __future__ import annotations

from pydantic import BaseModel, Field


class RetentionSettings(BaseModel):
    """Settings of retention."""

    retention_days: int = Field(
        30, ge=1, description="Days that questions, answers and failures are kept."
    )
    document_retention_days: int = Field(
        30,
        ge=0,
        description="Days that a document is kept after it was last added; 0: until it is deleted.",
    )

    @property
    def retention_seconds(self) -> int:
        return self.retention_days * 24 * 60 * 60

    @property
    def document_retention_seconds(self) -> int:
        """How long a document is kept after it was last added; 0: until it is deleted."""
        return self.document_retention_days * 24 * 60 * 60
