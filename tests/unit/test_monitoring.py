"""The files in monitoring/, read as data: they name metrics and labels that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from jobs.errors import AskqueueError
from jobs.models import WorkerReport
from jobs.operations.client import Overview, QueueState
from jobs.operations.metrics import Tally
from jobs.operations.prometheus import exposition
from jobs.settings import QUEUE_NAMES
from ui.api import app

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "monitoring"
SCRAPE: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
ALERTS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0][
    "rules"
]
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana/dashboards/askqueue.json").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
QUERIES = [
    *(rule["expr"] for rule in ALERTS),
    *(target["expr"] for panel in PANELS for target in panel["targets"]),
    DASHBOARD["templating"]["list"][0]["query"]["query"],
]
# What Prometheus itself adds to what it scrapes.
ITS_LABELS = {"job", "instance", "le"}


def samples() -> dict[str, set[str]]:
    """Each sample that is ever exposed, with the names of its labels."""
    overview = Overview(
        queues=tuple(QueueState(name, 1, 2.0, 3, 4, 5) for name in QUEUE_NAMES),
        running=(),
        workers=(WorkerReport("w", 0.0),),
        held_back=0,
        suspended=False,
    )
    totals = Tally({"failed|questions|no_quota": 1, "retried|questions|worker_lost": 1})
    text = exposition(overview, totals).decode()
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def kinds_of(error: type[AskqueueError]) -> set[str]:
    return {error.kind}.union(*(kinds_of(each) for each in error.__subclasses__()))


@pytest.mark.parametrize("query", QUERIES)
def test_query_names_metrics_and_labels_that_exist(query: str) -> None:
    """A metric that is renamed cannot leave an empty panel or a rule that never fires."""
    exposed = samples()
    names = re.findall(r"\baskqueue_\w+", query)
    assert names or query == 'up{job="askqueue"} == 0'
    assert set(names) - set(exposed) == set()
    known = ITS_LABELS.union(*(exposed[name] for name in names))
    selectors = re.findall(r"\{([^}]*)\}", query)
    labels = {label for selector in selectors for label in re.findall(r"(\w+)\s*[=!]", selector)}
    grouped = re.findall(r"\bby \(([^)]*)\)", query)
    labels |= {label.strip() for group in grouped for label in group.split(",")}
    assert labels - known == set()


def test_every_metric_is_on_the_dashboard() -> None:
    """What is measured is shown."""
    shown = {name for query in QUERIES for name in re.findall(r"\baskqueue_\w+", query)}
    hidden = {name for name in samples() if not name.endswith(("_sum", "_count", "_created"))}
    assert hidden - shown == set()


def test_alerts_name_kinds_and_queues_that_exist() -> None:
    """A rule for one kind of error, or one queue, is for one that there is."""
    text = " ".join(rule["expr"] for rule in ALERTS)
    assert set(re.findall(r'queue="(\w+)"', text)) <= set(QUEUE_NAMES)
    kinds = kinds_of(AskqueueError)
    patterns = re.findall(r'kind=~?"([^"]+)"', text)
    assert patterns
    for alternative in (part for pattern in patterns for part in pattern.split("|")):
        assert any(re.fullmatch(alternative, kind) for kind in kinds), alternative


def test_alerts_say_what_happened_and_what_to_do() -> None:
    """Each has a severity, a summary and a description, under a name of its own."""
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)
    for rule in ALERTS:
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert {"summary", "description"} <= set(rule["annotations"])


def test_prometheus_scrapes_an_endpoint_that_exists() -> None:
    """The path is the API's, the target the service of compose, the credentials its secrets."""
    [job] = SCRAPE["scrape_configs"]
    assert job["metrics_path"].removeprefix("/api") in app.openapi()["paths"]
    assert job["static_configs"] == [{"targets": ["web:8501"]}]
    assert "web" in COMPOSE["services"]
    files = [job["basic_auth"][name] for name in ("username_file", "password_file")]
    secrets = COMPOSE["services"]["prometheus"]["secrets"]
    assert files == [f"/run/secrets/{secret}" for secret in secrets]
    named = [COMPOSE["secrets"][secret]["environment"] for secret in secrets]
    assert named == ["DASHBOARD_USERNAME", "DASHBOARD_PASSWORD"]
    assert SCRAPE["rule_files"] == ["alerts.yml"]


def test_mounted_files_exist() -> None:
    """Compose mounts files and folders that are there, and reads them alone."""
    for service in ("prometheus", "grafana"):
        for volume in COMPOSE["services"][service]["volumes"]:
            source, _target, *mode = volume.split(":")
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
                assert mode == ["ro"]


def test_dashboard_and_its_source_find_each_other() -> None:
    """Grafana reads the folder that is mounted, and each panel the source that is provisioned."""
    provisioning = FOLDER / "grafana" / "provisioning"
    [source] = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    [provider] = yaml.safe_load((provisioning / "dashboards/askqueue.yml").read_text())["providers"]
    assert {panel["datasource"]["uid"] for panel in PANELS} == {source["uid"]}
    folder = provider["options"]["path"]
    volumes = COMPOSE["services"]["grafana"]["volumes"]
    assert f"./monitoring/grafana/dashboards:{folder}:ro" in volumes
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
