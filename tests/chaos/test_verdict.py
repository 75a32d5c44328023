"""The verdict over a run: that it finds what it is there to find."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.load import Accepted
from tests.chaos.model import Call
from tests.chaos.observer import UNKNOWN, History
from tests.chaos.plan import Fault, Kind
from tests.chaos.verdict import Evidence, Report, Struck, judge

TAG, OTHER_TAG = "tag-1-00001", "tag-1-00002"
KILL = Fault(at=3.0, kind=Kind.KILL, target="worker-1", seconds=1.0)


def call(number: int, at: float, worker: str = "worker-1", tag: str = TAG) -> Call:
    words = (f"{tag} ", *(f"{number:06}.{place:02} " for place in range(10)), "[1].")
    return Call(number, tag, worker, at, words)


FIRST, AGAIN = call(0, at=102.5), call(1, at=115.0, worker="worker-2")
FOREIGN = call(2, at=115.0, tag=OTHER_TAG)


def history(*states: str) -> History:
    """A question whose first attempt was killed, and whose second gave the answer."""
    seen = History(Accepted("job", TAG, 102.0), texts=[AGAIN.text], live_text=AGAIN.text)
    seen.successes = 1
    for number, state in enumerate(states or ("started", "queued", "started", "finished")):
        seen.see(state, 1 + number // 2, 103.0 + number)
    return seen


def evidence(*histories: History) -> Evidence:
    return Evidence(
        seed=1,
        questions=1,
        seconds=20.0,
        struck=[Struck(KILL, 103.0, 104.0)],
        histories=histories or [history()],
        calls=[FIRST, AGAIN, FOREIGN],
        logs={"worker-1": json.dumps({"event": "attempt started", "job_id": "job"})},
        secrets=("sk-secret",),
    )


def test_run_that_kept_its_promises_has_no_problem() -> None:
    """A question that was killed, ran again and was answered once is as it should be."""
    report = judge(evidence())
    assert report.problems == []
    assert report.states == {"finished": 1}
    assert report.attempts == {2: 1}


def test_recovery_is_from_the_kill_to_the_next_call_of_that_question() -> None:
    """The longest recovery is measured at the model, and more than 30 s is a problem."""
    assert judge(evidence()).recovery_seconds == {Kind.KILL: 12.0}
    third = call(3, at=118.0)
    assert judge(replace(evidence(), calls=[FIRST, AGAIN, third])).recovery_seconds == {
        Kind.KILL: 12.0
    }
    other = replace(KILL, target="worker-2")
    assert judge(replace(evidence(), struck=[Struck(other, 103.0, 104.0)])).recovery_seconds == {}
    late = replace(evidence(), calls=[FIRST, replace(AGAIN, at=140.0)])
    assert judge(late).recovery_seconds == {Kind.KILL: 37.0}
    assert [line.split(":")[0] for line in judge(late).problems] == ["recovery"]


def test_overlap_is_an_attempt_that_began_while_the_older_was_paused() -> None:
    """Only what ran elsewhere before the paused worker went on counts."""
    paused = replace(KILL, kind=Kind.PAUSE)
    slow = replace(evidence(), struck=[Struck(paused, 103.0, 118.0)])
    quick = replace(evidence(), struck=[Struck(paused, 103.0, 114.0)])
    assert (judge(slow).overlaps, judge(quick).overlaps) == (1, 0)


def with_(**values: object) -> History:
    seen = history()
    for name, value in values.items():
        assert hasattr(seen, name)
        setattr(seen, name, value)
    return seen


MIXTURE = " ".join([*FIRST.text.split()[:5], *AGAIN.text.split()[5:]])


@pytest.mark.parametrize(
    ("problem", "seen"),
    [
        ("lost", history("started", UNKNOWN)),
        ("lost", History(Accepted("job", TAG, 102.0))),
        ("lost", with_(texts=[])),
        ("stuck", history("started", "queued")),
        ("failed", history("started", "failed")),
        ("failed", history("started", "stopped")),
        ("doubled", history("started", "finished", "started", "finished")),
        ("doubled", history("started", "failed", "finished")),
        ("doubled", with_(texts=[FIRST.text, AGAIN.text])),
        ("doubled", with_(successes=2)),
        ("mixed", with_(texts=[FOREIGN.text], live_text=FOREIGN.text)),
        ("mixed", with_(texts=[MIXTURE], live_text="")),
        ("mixed", with_(texts=[AGAIN.text + " " + AGAIN.text], live_text="")),
        ("mixed", with_(texts=[AGAIN.text[:60]], live_text="")),
        ("mixed", with_(live_text=MIXTURE)),
        ("mixed", with_(live_text=AGAIN.text + " " + AGAIN.text)),
    ],
)
def test_broken_promise_is_found(problem: str, seen: History) -> None:
    """Each way to break a promise is in the list that is named after it, and in no other."""
    report = judge(evidence(seen))
    assert {line.split(":")[0] for line in report.problems} == {problem}


def test_live_text_that_an_outage_cut_is_counted_apart() -> None:
    """Missing pieces of the right attempt are no mixture."""
    report = judge(evidence(with_(live_text=AGAIN.text[:60])))
    assert (report.problems, report.live_incomplete) == ([], 1)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Traceback (most recent call last):", lambda report: report.tracebacks),
        ('{"event": "bad", "exception": "Traceback (most recent"}', lambda r: r.tracebacks),
        ("found an unhandled exception, quitting...", lambda report: report.tracebacks),
        (f"What is the limit? {TAG}", lambda report: report.leaks),
        ("the key is sk-secret", lambda report: report.leaks),
    ],
)
def test_line_that_must_not_be_in_a_log_is_found(
    line: str, found: Callable[[Report], list[str]]
) -> None:
    """The report names the log and the line."""
    report = judge(replace(evidence(), logs={"web": f"all is well\n{line}\n"}))
    assert [place.split(": ")[0] for place in found(report)] == ["web.log:2"]
    assert len(report.problems) == 1


def test_too_few_accepted_questions_are_a_problem() -> None:
    """A run without its load proves nothing."""
    report = judge(replace(evidence(), questions=2))
    assert report.problems == ["accepted: only 1 of 2"]
