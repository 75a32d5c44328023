"""What the run showed: the checks over what was seen, and the report. No process is touched."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.chaos.model import TAG, TOKEN, Call
from tests.chaos.observer import UNKNOWN, History, is_over
from tests.chaos.plan import VALKEY, WEB, WORKERS, Fault, Kind

LONGEST_RECOVERY_SECONDS = 30.0
# A question that had not reached the queue, although the API said so.
NOT_ACCEPTED = "not_accepted"
UNHANDLED = re.compile(r"Traceback \(most recent|[Uu]nhandled|never retrieved|BUG REPORT")
EXCERPT_CHARS = 300
COLUMNS = (
    *("seed", "faults", "accepted", "finished", "failed", "lost", "doubled", "mixed"),
    *("stuck", "attempts", "recovery (s)", "overlaps", "tracebacks", "verdict"),
)


@dataclass(frozen=True)
class Struck:
    """A fault that was carried out, from when to when, in Unix seconds."""

    fault: Fault
    began: float
    ended: float


@dataclass(frozen=True)
class Evidence:
    """All that a run leaves behind."""

    seed: int
    questions: int
    seconds: float
    struck: Sequence[Struck]
    histories: Sequence[History]
    calls: Sequence[Call]
    logs: Mapping[str, str]
    secrets: Sequence[str]
    refusals: Mapping[str, int] = field(default_factory=dict)
    unconfirmed: Mapping[str, str] = field(default_factory=dict)
    unexpected: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """The figures of a run. The lists have a line for each problem; all should be empty.

    `recovery_seconds` is, for each kind of fault, the longest time from the blow to a worker to
    the next model call for a question that this worker was answering at that moment;
    `accepts_again_seconds`, for web and Valkey, to the next question that was accepted.
    `longest_wait_seconds` is from accepted to over. `overlaps` counts the questions of a paused
    worker that ran elsewhere before it went on.
    """

    seed: int
    questions: int
    seconds: float
    faults: int
    accepted: int
    refusals: dict[str, int]
    unconfirmed: dict[str, int]
    states: dict[str, int]
    attempts: dict[int, int]
    model_calls: int
    recovery_seconds: dict[str, float]
    accepts_again_seconds: dict[str, float]
    longest_wait_seconds: float
    overlaps: int
    live_incomplete: int
    lost: list[str]
    doubled: list[str]
    mixed: list[str]
    stuck: list[str]
    failed: list[str]
    unexpected: list[str]
    tracebacks: list[str]
    leaks: list[str]

    @property
    def problems(self) -> list[str]:
        """One line for each broken promise."""
        lists = ("lost", "doubled", "mixed", "stuck", "failed", "unexpected", "tracebacks", "leaks")
        found = [f"{name}: {line}" for name in lists for line in getattr(self, name)]
        if self.accepted < self.questions:
            found.append(f"accepted: only {self.accepted} of {self.questions}")
        for kind, seconds in self.recovery_seconds.items():
            if seconds > LONGEST_RECOVERY_SECONDS:
                found.append(f"recovery: {seconds} s after {kind}")
        return found

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "kept": not self.problems}

    def to_markdown(self) -> str:
        """A row of a table with `COLUMNS`."""
        values = (
            *(self.seed, self.faults, self.accepted, self.states.get("finished", 0)),
            *(len(self.failed), len(self.lost), len(self.doubled), len(self.mixed)),
            len(self.stuck),
            ", ".join(f"{count}×{number}" for number, count in sorted(self.attempts.items())),
            self.recovery_seconds.get(Kind.KILL, "–"),
            *(self.overlaps, len(self.tracebacks), "broken" if self.problems else "kept"),
        )
        return f"| {' | '.join(str(value) for value in values)} |"


def judge(seen: Evidence) -> Report:
    """Check every promise over what was seen."""
    recoveries = _recoveries(seen)
    histories = seen.histories
    waits = [item.over_at - item.accepted.at for item in histories if item.over_at is not None]
    return Report(
        seed=seen.seed,
        questions=seen.questions,
        seconds=round(seen.seconds, 1),
        faults=len(seen.struck),
        accepted=len(histories),
        refusals=dict(seen.refusals),
        unconfirmed=dict(Counter(seen.unconfirmed.values())),
        states=dict(Counter(item.state for item in histories)),
        attempts=dict(Counter(item.attempts for item in histories)),
        model_calls=len(seen.calls),
        recovery_seconds={
            kind: round(max(again - struck.began for struck, again in recoveries[kind]), 1)
            for kind in recoveries
        },
        accepts_again_seconds=_time_to_accept(seen),
        longest_wait_seconds=round(max(waits, default=0.0), 1),
        overlaps=sum(again < struck.ended for struck, again in recoveries.get(Kind.PAUSE, ())),
        live_incomplete=sum(_is_live_incomplete(item) for item in histories),
        lost=[_line(item) for item in histories if _is_lost(item)],
        doubled=[_line(item) for item in histories if _is_doubled(item)],
        mixed=[line for item in histories for line in _mixtures(item, seen.calls)],
        stuck=[_line(item) for item in histories if not item.is_over and not _is_lost(item)],
        failed=[_line(item) for item in histories if item.state in ("failed", "stopped")],
        unexpected=list(seen.unexpected),
        tracebacks=_tracebacks(seen.logs),
        leaks=_leaks(seen),
    )


def _line(item: History) -> str:
    """One question's history, for people."""
    if not item.changes:
        return f"{item.accepted.job_id} was never seen"
    began = item.accepted.at
    changes = " > ".join(
        f"{change.state}#{change.attempt}@{change.at - began:.1f}" for change in item.changes
    )
    more = f", {item.failure}" if item.failure else ""
    return (
        f"{item.accepted.job_id} {item.accepted.tag}: {changes}{more}, "
        f"{item.successes} successful, {len(item.texts)} texts"
    )


def _is_lost(item: History) -> bool:
    is_gone = item.state in (UNKNOWN, "") or item.failure == NOT_ACCEPTED
    return is_gone or (item.state == "finished" and not item.texts)


def _is_doubled(item: History) -> bool:
    """True if it had more than one outcome: of state, of text, or in RQ's results."""
    first = next((place for place, seen in enumerate(item.changes) if is_over(seen.state)), None)
    outcomes = {seen.state for seen in item.changes[first:]} if first is not None else set()
    return len(outcomes) > 1 or len(item.texts) > 1 or item.successes > 1


def _mixtures(item: History, calls: Sequence[Call]) -> list[str]:
    """What is wrong with the texts of one question: not whole, of two calls, of another question.

    The live text may lack pieces that an outage swallowed, but has nothing of an older attempt.
    """
    if item.state != "finished" or not item.texts:
        return []
    wrong, answer = [], item.texts[-1].strip()
    if not any(call.tag == item.accepted.tag and call.text == answer for call in calls):
        wrong.append(f"the answer is of {_source(answer)}: {_line(item)}")
    pieces, whole = TOKEN.findall(item.live_text), TOKEN.findall(answer)
    rest = iter(whole)
    if not all(piece in rest for piece in pieces):  # the pieces in order, each at most once
        sources = f"{_source(item.live_text)}, the answer of {_source(answer)}"
        wrong.append(f"the live text is of {sources}: {_line(item)}")
    return wrong


def _source(text: str) -> str:
    """Which questions, model calls and how many pieces a text is made of."""
    tags, pieces = sorted(set(TAG.findall(text))), TOKEN.findall(text)
    calls = sorted({number for number, _ in pieces})
    return f"{len(pieces)} pieces of calls {calls} for {tags}"


def _is_live_incomplete(item: History) -> bool:
    return item.state == "finished" and item.live_text not in [text.strip() for text in item.texts]


def _recoveries(seen: Evidence) -> dict[str, list[tuple[Struck, float]]]:
    """For each kind of fault to a worker: when questions that it was answering ran again."""
    found: dict[str, list[tuple[Struck, float]]] = {}
    for struck in seen.struck:
        if struck.fault.target not in WORKERS:
            continue
        for call in seen.calls:
            was_running = call.at <= struck.began < call.ends_at
            if call.worker != struck.fault.target or not was_running:
                continue
            later = [again.at for again in seen.calls if again.tag == call.tag]
            if again := [at for at in later if at > struck.began]:  # else it was just finished
                found.setdefault(struck.fault.kind.value, []).append((struck, min(again)))
    return found


def _time_to_accept(seen: Evidence) -> dict[str, float]:
    """For web and Valkey: the longest time from a blow to the next question that was accepted."""
    found: dict[str, float] = {}
    for struck in seen.struck:
        later = [item.accepted.at for item in seen.histories if item.accepted.at > struck.began]
        if struck.fault.target in (WEB, VALKEY) and later:
            seconds = round(min(later) - struck.began, 1)
            found[struck.fault.target] = max(seconds, found.get(struck.fault.target, 0.0))
    return found


def _tracebacks(logs: Mapping[str, str]) -> list[str]:
    """Lines of logs that speak of an exception that nobody handled."""
    return [
        f"{name}.log:{number}: {_excerpt(line)}"
        for name, text in logs.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if UNHANDLED.search(line)
    ]


def _excerpt(line: str) -> str:
    """A line, shortened; of a structured one what it says first, and the exception in the end."""
    try:
        fields = json.loads(line)
        told = f"{fields['event']}\n{fields.get('exception', '')}".strip().splitlines()
    except (ValueError, KeyError, TypeError):
        return line[:EXCERPT_CHARS]
    return f"{told[0][:EXCERPT_CHARS]} … {told[-1][:EXCERPT_CHARS]}"


def _leaks(seen: Evidence) -> list[str]:
    """Lines of logs with the text of a question, a key or a password."""
    words = re.compile("|".join([rf"tag-{seen.seed}-\d+", *map(re.escape, seen.secrets)]))
    return [
        f"{name}.log:{number}: {line[:EXCERPT_CHARS]}"
        for name, text in seen.logs.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if words.search(line)
    ]
