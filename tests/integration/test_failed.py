"""`python -m jobs.cli failed`, run in this process over a real Valkey."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.cli.failed import main
from jobs.errors import AskqueueError, BadApiKeyError, NoQuotaError
from jobs.models import JobState, Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.settings import Settings
from tests.integration.failing import fail_next
from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[2]

Shell = Callable[..., int]


class Terminal(io.StringIO):
    """A person at a keyboard, who has typed this."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def shell(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """The command, on the Valkey of this test; what was written before it is forgotten."""
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def run(*arguments: str) -> int:
        capsys.readouterr()
        return main(arguments)

    return run


@pytest.fixture
def fail(client: JobClient, broker: Broker) -> Callable[[AskqueueError], str]:
    def fail_(error: AskqueueError) -> str:
        client.submit("ann", Question("Who earns the most?"))
        return fail_next(broker, error)

    return fail_


def states(client: JobClient) -> list[JobState]:
    return [view.state for view in client.list_jobs("ann").jobs]


def test_nothing_failed_is_no_error(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither to list nor to requeue."""
    for arguments in (["list"], ["requeue", "--all"]):
        assert shell(*arguments) == 0
        assert capsys.readouterr().out == "Nothing has failed.\n"


def test_failed_jobs_are_listed_with_reasons_and_counts(
    shell: Shell, fail: Callable[[AskqueueError], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each, the newest first; what each kind means; how many there are."""
    ids = [fail(error) for error in (BadApiKeyError(), BadApiKeyError(), NoQuotaError())]
    assert shell("list", "--limit", "2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == [ids[2], ids[1]]
    assert "no_quota" in lines[0]
    assert "1 tried  questions  Answer a question" in " ".join(lines[0].split("   "))
    assert f"bad_api_key: {BadApiKeyError.message}" in lines
    assert lines[-1] == ("3 failed: 2 bad_api_key, 1 no_quota; the newest 2 of 3 are shown")


def test_list_as_json_is_for_programs(
    shell: Shell, fail: Callable[[AskqueueError], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One object, with the counts of all kinds and the jobs of one."""
    job_id = fail(NoQuotaError())
    fail(BadApiKeyError())
    assert shell("list", "--json", "--kind", "no_quota") == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["total"], data["kinds"]) == (1, {"bad_api_key": 1, "no_quota": 1})
    [job] = data["jobs"]
    assert (job["job_id"], job["kind"], job["attempts"]) == (job_id, "no_quota", 1)
    assert job["failed_at"].endswith("+00:00")
    assert "earns" not in json.dumps(data)


def test_one_is_requeued_by_its_id(
    shell: Shell,
    fail: Callable[[AskqueueError], str],
    client: JobClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One that is not failed any more costs the exit code; the rest is requeued all the same."""
    ids = [fail(BadApiKeyError()), fail(BadApiKeyError())]
    assert shell("requeue", ids[0]) == 0
    assert capsys.readouterr().out == "1 job is queued again.\n"
    assert shell("requeue", *ids, "nonsense") == 1
    output = capsys.readouterr().out
    assert f"{ids[0]}: no failed job (any more)" in output
    assert "nonsense: no failed job (any more)" in output
    assert output.endswith("1 job is queued again.\n")
    assert states(client) == [JobState.QUEUED] * 2


def test_a_kind_is_requeued(
    shell: Shell,
    fail: Callable[[AskqueueError], str],
    client: JobClient,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The others stay; a kind that nothing failed with is a mistake, and what there is is named."""
    ids = [fail(error) for error in (BadApiKeyError(), NoQuotaError(), BadApiKeyError())]
    assert shell("requeue", "--kind", "bad_key") == 1
    assert "Nothing failed with bad_key. There is: bad_api_key, no_quota." in (
        capsys.readouterr().out
    )
    assert shell("requeue", "--kind", "bad_api_key") == 0
    assert capsys.readouterr().out == "2 jobs are queued again.\n"
    assert [client.get_job("ann", job_id).state for job_id in ids] == [
        JobState.QUEUED,
        JobState.FAILED,
        JobState.QUEUED,
    ]


@pytest.mark.parametrize(
    ("typed", "arguments", "code", "outcome"),
    [
        ("y\n", (), 0, JobState.QUEUED),
        ("n\n", (), 1, JobState.FAILED),
        ("", (), 1, JobState.FAILED),
        ("", ("--yes",), 0, JobState.QUEUED),
    ],
)
def test_a_person_is_asked_before_several(
    shell: Shell,
    fail: Callable[[AskqueueError], str],
    client: JobClient,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    arguments: tuple[str, ...],
    code: int,
    outcome: JobState,
) -> None:
    """At a terminal, unless `--yes` is given; anything but yes changes nothing."""
    fail(BadApiKeyError())
    fail(BadApiKeyError())
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert shell("requeue", "--all", *arguments) == code
    assert states(client) == [outcome] * 2
    assert ("[y/N]" in capsys.readouterr().out) == (not arguments)


def test_a_person_is_not_asked_about_one(
    shell: Shell,
    fail: Callable[[AskqueueError], str],
    client: JobClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is one job is done at once."""
    fail(BadApiKeyError())
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert shell("requeue", "--all") == 0
    assert states(client) == [JobState.QUEUED]


@pytest.mark.parametrize(
    "arguments",
    [
        ("requeue",),
        ("requeue", "--all", "--kind", "no_quota"),
        ("requeue", "job", "--all"),
        ("list", "--limit", "0"),
        (),
    ],
)
def test_contradictions_are_usage_errors(shell: Shell, arguments: tuple[str, ...]) -> None:
    """They end with 2, like any command that cannot be understood."""
    with pytest.raises(SystemExit) as error:
        shell(*arguments)
    assert error.value.code == 2


def test_valkey_that_is_away_is_one_sentence(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a trace."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    for arguments in (["list"], ["requeue", "job"]):
        assert shell(*arguments) == 1
        assert "cannot be reached" in capsys.readouterr().out


def test_module_runs_as_a_program(
    settings: Settings, fail: Callable[[AskqueueError], str], client: JobClient
) -> None:
    """`python -m jobs.cli failed requeue --all` asks nobody where no terminal is."""
    fail(BadApiKeyError())
    fail(BadApiKeyError())
    done = subprocess.run(
        [sys.executable, "-m", "jobs.cli", "failed", "requeue", "--all"],
        cwd=ROOT,
        env={"REDIS_URL": settings.redis_url, "DATA_DIR": str(settings.data_dir)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 jobs are queued again.\n", "")
    assert states(client) == [JobState.QUEUED] * 2
