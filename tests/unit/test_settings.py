"""Settings: defaults, what they refuse, and what follows from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from jobs.settings import MAX_SOCKET_PATH_BYTES, QUEUE_NAMES, Settings, parse_threads


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting comes from where the tests run."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def read(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]  # as from the environment


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the environment sets the field of its name."""
    monkeypatch.setenv("PORT", "9000")
    assert read().port == 9000


def test_settings_come_from_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` sets fields as well, and the environment goes before it."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("PORT=9000\nDASHBOARD_PORT=9001\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("DASHBOARD_PORT", "9002")
    settings = Settings(_env_file=dotenv)
    assert (settings.port, settings.dashboard_port) == (9000, 9002)


def test_empty_variables_mean_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting takes an empty value for its default, as compose passes unset variables."""
    expected = read()
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")
    assert read() == expected.model_copy(update={"embedding_model": ""})


def test_empty_embedding_model_turns_embeddings_off() -> None:
    """With a model server but no embedding model, search is by keyword alone."""
    assert read(openai_api_key="k").has_embeddings
    assert not read(openai_api_key="k", embedding_model="").has_embeddings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "70000"),
        ("log_level", "LOUD"),
        ("log_format", "xml"),
        ("valkey_appendfsync", "no"),
        ("worker_threads", "questions"),
        ("worker_threads", "mail:1"),
        ("worker_threads", "questions:0"),
        ("retention_days", "0"),
    ],
)
def test_wrong_values_are_refused(name: str, value: str) -> None:
    """A value that cannot work is refused when it is read, by the name of its setting."""
    with pytest.raises(ValidationError, match=name):
        read(**{name: value})


@given(st.dictionaries(st.sampled_from(QUEUE_NAMES), st.integers(1, 999), min_size=1))
def test_threads_survive_being_written_and_read(threads: dict[str, int]) -> None:
    """Whatever queues and counts are written, parse_threads reads the same."""
    text = " , ".join(f"{name}:{count}" for name, count in threads.items())
    assert parse_threads(text) == threads


def test_secrets_do_not_show_in_settings() -> None:
    """Printing the settings shows no key and no password."""
    text = repr(read(openai_api_key="sk-1234567", dashboard_password="hunter22"))
    assert "sk-1234567" not in text
    assert "hunter22" not in text


@pytest.mark.parametrize("depth", [1, 30])
def test_socket_paths_fit_the_kernel(tmp_path: Path, depth: int) -> None:
    """However deep the data folder is, its two sockets have short paths that differ."""
    settings = read(data_dir=tmp_path.joinpath(*["folder"] * depth))
    sockets = {settings.valkey_socket, settings.supervisor_socket}
    assert len(sockets) == 2
    assert all(len(str(path)) <= MAX_SOCKET_PATH_BYTES for path in sockets)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_dashboard_needs_no_password(address: str) -> None:
    """On an address of this machine alone, rq-dashboard may do without a password."""
    assert not read(bind_address=address).dashboard_is_open


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.2", "host.example"])
def test_reachable_dashboard_needs_user_and_password(address: str) -> None:
    """On any other address, rq-dashboard is open until both user and password are set."""
    assert read(bind_address=address).dashboard_is_open
    assert read(bind_address=address, dashboard_password="p").dashboard_is_open
    guarded = read(bind_address=address, dashboard_username="u", dashboard_password="p")
    assert not guarded.dashboard_is_open
