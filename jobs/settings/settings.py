"""Settings: the only reader of the environment and of `.env`."""

from __future__ import annotations

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from jobs.settings.limits import LimitSettings
from jobs.settings.logs import LogSettings
from jobs.settings.model_server import ModelSettings
from jobs.settings.network import NetworkSettings
from jobs.settings.retention import RetentionSettings
from jobs.settings.services import ServiceSettings
from jobs.settings.sign_in import SignInSettings
from jobs.settings.webhooks import WebhookSettings
from jobs.settings.worker import WorkerSettings


class Settings(
    NetworkSettings,
    ServiceSettings,
    SignInSettings,
    ModelSettings,
    LimitSettings,
    RetentionSettings,
    WebhookSettings,
    WorkerSettings,
    LogSettings,
    BaseSettings,
):
    """Everything that can be set, by environment variable or in `.env`.

    An empty value means the default, except for `EMBEDDING_MODEL`, where it turns
    the embeddings of a server off.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    @field_validator("*", mode="before")
    @classmethod
    def _empty_means_default(cls, value: object, info: object) -> object:
        name = getattr(info, "field_name", "")
        if isinstance(value, str):
            value = value.strip()
            if value == "" and name != "embedding_model":
                return cls.model_fields[name].get_default()
        return value

    @property
    def dashboard_is_open(self) -> bool:
        """True if others can reach rq-dashboard and no user and password keep them out."""
        has_password = self.dashboard_username and self.dashboard_password.get_secret_value()
        return not self.is_loopback and not has_password
