"""docker-compose.yml and the Dockerfile, read as data: no Docker engine is needed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = ("web", "worker", "dashboard")
MONITORING = ("prometheus", "grafana")
SECRETS = (
    "VALKEY_WEB_PASSWORD",
    "VALKEY_WORKER_PASSWORD",
    "VALKEY_DASHBOARD_PASSWORD",
    "QDRANT_API_KEY",
    "SECRET_KEY",
    "DASHBOARD_USERNAME",
    "DASHBOARD_PASSWORD",
)
# Variables of compose itself, which no Askqueue process reads.
COMPOSE_ONLY = {
    "VALKEY_WEB_PASSWORD",
    "VALKEY_WORKER_PASSWORD",
    "VALKEY_DASHBOARD_PASSWORD",
    "PUBLISH_ADDRESS",
    "VALKEY_MEMORY_MB",
    "GRAFANA_PORT",
    "AUTH_SECRETS_FILE",
}


def seconds(duration: str) -> float:
    match = re.fullmatch(r"(\d+)s", duration)
    assert match, duration
    return float(match[1])


def test_compose_has_the_five_services() -> None:
    """Compose runs the databases, the pages with the API, the worker and the dashboard."""
    always = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert always == {"valkey", "qdrant", *OWN}


def test_monitoring_is_asked_for() -> None:
    """Prometheus and Grafana start with their profile alone, and nothing else needs them."""
    assert {
        name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service
    } == {name: ["monitoring"] for name in MONITORING}
    assert set(SERVICES) == {"valkey", "qdrant", *OWN, *MONITORING}
    assert SERVICES["prometheus"]["depends_on"] == {"web": {"condition": "service_healthy"}}
    for name in ("valkey", "qdrant", *OWN):
        assert not set(SERVICES[name].get("depends_on", {})) & set(MONITORING)


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_kept_alive_and_bounded(name: str) -> None:
    """Each service has a health check, a restart policy and limits of memory and processors."""
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert service["restart"] == "unless-stopped"
    assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"])


@pytest.mark.parametrize("name", SERVICES)
def test_service_has_no_privileges(name: str) -> None:
    """No capability, none to be had by a setuid program, and nothing of the host's."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "pid", "ipc", "network_mode", "devices", "userns_mode"} & set(service)
    assert not any("docker.sock" in volume for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"qdrant"}))
def test_service_writes_to_its_volumes_alone(name: str) -> None:
    """The rest of the image is read-only, with a bounded /tmp in memory."""
    assert SERVICES[name]["read_only"] is True
    assert re.fullmatch(r"/tmp:size=\d+m,mode=1777", *SERVICES[name]["tmpfs"])


def test_valkey_does_not_start_as_root() -> None:
    """Its image would change the user by itself, for which it needs capabilities."""
    assert SERVICES["valkey"]["user"] == "valkey"


@pytest.mark.parametrize("name", OWN)
def test_health_checks_in_python_compile(name: str) -> None:
    """The health checks of our own image are programs that Python can read."""
    test = SERVICES[name]["healthcheck"]["test"]
    if "-c" in test:
        compile(test[-1], name, "exec")
    else:
        assert test[1:] == ["python", "-m", "jobs.worker", "--healthcheck"]


@pytest.mark.parametrize("name", SERVICES)
def test_image_is_pinned(name: str) -> None:
    """Each image names an exact version."""
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+(-alpine)?", SERVICES[name]["image"])


def test_database_images_are_the_tested_versions() -> None:
    """Valkey and Qdrant are those that the project was built for."""
    assert SERVICES["valkey"]["image"] == "valkey/valkey:9.1.4-alpine"
    assert SERVICES["qdrant"]["image"] == "qdrant/qdrant:v1.20.0"


def test_own_image_has_the_version_of_the_project() -> None:
    """The tag of our own image is the version in pyproject.toml."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {SERVICES[name]["image"] for name in OWN} == {f"askqueue:{version}"}


def test_only_pages_are_published() -> None:
    """No database has a port outside, and what is published is so on loopback by default."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"web", "dashboard", "grafana"}
    assert all(
        port.startswith("${PUBLISH_ADDRESS:-127.0.0.1}:")
        for ports in published.values()
        for port in ports
    )
    assert not any("network_mode" in service for service in SERVICES.values())


@pytest.mark.parametrize("name", SECRETS)
def test_secret_is_required(name: str) -> None:
    """Compose stops with a message if a secret is not set; none has a default."""
    uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", TEXT)
    assert uses
    assert all(use.startswith(":?") and name in use for use in uses)


def test_databases_ask_for_their_secret() -> None:
    """Valkey runs with its users and an append-only file, Qdrant with an API key."""
    command = SERVICES["valkey"]["command"]
    config = SERVICES["valkey"]["configs"]
    assert config == [{"source": "valkey_users", "target": command[command.index("--aclfile") + 1]}]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--appendfsync") + 1] == "${VALKEY_APPENDFSYNC:-everysec}"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert "QDRANT_API_KEY" in SERVICES["qdrant"]["environment"]["QDRANT__SERVICE__API_KEY"]


def test_operators_get_into_web_as_into_the_dashboard() -> None:
    """Both know their user and password, without which web shows nobody the failed jobs."""
    for name in ("DASHBOARD_USERNAME", "DASHBOARD_PASSWORD"):
        web, dashboard = (SERVICES[each]["environment"][name] for each in ("web", "dashboard"))
        assert web == dashboard


def test_memory_of_valkey_is_bounded_below_its_container() -> None:
    """Valkey refuses new work before the kernel kills it: half is left for copies and buffers."""
    command = SERVICES["valkey"]["command"]
    megabytes = re.fullmatch(
        r"\$\{VALKEY_MEMORY_MB:-(\d+)\}mb", command[command.index("--maxmemory") + 1]
    )
    assert megabytes
    limit = SERVICES["valkey"]["deploy"]["resources"]["limits"]["memory"]
    assert limit.endswith("M")
    assert 0 < int(megabytes[1]) <= int(limit[:-1]) / 2


def test_data_is_on_volumes() -> None:
    """Valkey, Qdrant and the documents are on named volumes, the last shared by web and worker."""
    assert SERVICES["valkey"]["volumes"] == ["valkey-data:/data"]
    assert SERVICES["qdrant"]["volumes"] == ["qdrant-data:/qdrant/storage"]
    assert SERVICES["worker"]["volumes"] == ["documents:/data"]
    secrets = "${AUTH_SECRETS_FILE:-/dev/null}:/app/.streamlit/secrets.toml:ro"
    assert SERVICES["web"]["volumes"] == ["documents:/data", secrets]
    stores = {SERVICES[name]["environment"]["DOCUMENT_STORE"] for name in ("web", "worker")}
    assert stores == {"${DOCUMENT_STORE:-/data/documents}"}
    data = {f"{name}-data" for name in ("valkey", "qdrant", *MONITORING)}
    assert set(COMPOSE["volumes"]) == {*data, "documents"}


@pytest.mark.parametrize("name", OWN)
def test_environment_names_settings(name: str) -> None:
    """Each variable that a container gets is a setting, or one of the web server's own."""
    names = {key for key in SERVICES[name]["environment"] if not key.startswith("STREAMLIT_")}
    names.discard("FORWARDED_ALLOW_IPS")
    assert names - {field.upper() for field in Settings.model_fields} == set()


def test_variables_are_in_env_example() -> None:
    """Each variable that compose reads from .env is described in .env.example."""
    used = set(re.findall(r"\$\{([A-Z_]+)", TEXT))
    described = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert used - described == set()
    assert used - {field.upper() for field in Settings.model_fields} == COMPOSE_ONLY


def test_every_setting_reaches_a_container() -> None:
    """A setting put into .env has its effect under compose too."""
    given = {key for name in OWN for key in SERVICES[name]["environment"]}
    given |= set(re.findall(r"\$\{([A-Z_]+)", " ".join(SERVICES["valkey"]["command"])))
    assert {field.upper() for field in Settings.model_fields} - given == set()


def test_worker_scales_and_stops_in_time() -> None:
    """The worker has no fixed name, and is stopped later than its grace period ends."""
    worker = SERVICES["worker"]
    assert "container_name" not in worker
    grace = Settings.model_fields["shutdown_grace_seconds"].default
    assert seconds(worker["stop_grace_period"]) > grace + 5
    assert (
        worker["environment"]["SHUTDOWN_GRACE_SECONDS"] == f"${{SHUTDOWN_GRACE_SECONDS:-{grace:g}}}"
    )


@pytest.mark.parametrize("name", OWN)
def test_services_wait_for_healthy_databases(name: str) -> None:
    """Nothing starts before the databases that it needs are healthy."""
    needs = {"web": {"valkey"}, "worker": {"valkey", "qdrant"}, "dashboard": {"valkey"}}[name]
    assert SERVICES[name]["depends_on"] == {
        need: {"condition": "service_healthy"} for need in needs
    }


def test_image_is_slim_pinned_and_unprivileged() -> None:
    """The Dockerfile starts from an exact slim Python, and ends as a user that is not root."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^FROM python:3\.11\.\d+-slim-\w+$", dockerfile, re.M)
    assert re.findall(r"^USER (\w+)$", dockerfile, re.M) == ["askqueue"]
    assert "ca-certificates" in dockerfile
    assert "PYTHONUNBUFFERED=1" in dockerfile


def test_image_copies_only_what_the_build_context_lets_in() -> None:
    """What the Dockerfile copies exists and .dockerignore lets it in; all else stays out."""
    copied = re.findall(r"^COPY (\S+) ", (ROOT / "Dockerfile").read_text(), re.M)
    ignore = (ROOT / ".dockerignore").read_text().split()
    assert "*" in ignore
    assert {f"!{path}" for path in copied} == {line for line in ignore if line.startswith("!")}
    assert all((ROOT / path).exists() for path in copied)
