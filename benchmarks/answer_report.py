"""Results of `benchmarks.answers`: the table of a run, and two runs question by question."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.models.json_types import from_json
from jobs.question_sets.comparison import Change, outcome_of
from jobs.question_sets.comparison import compare as compare_verdicts
from jobs.question_sets.models import Expectation, Verdict

HITS = (3, 6, 10, 12, 20)
SHOWN_CHARS = 90


@dataclass
class Asked:
    """One question of a run.

    Ranks count from 1, of the first passage with the evidence, and of the right document; None if
    there is none among those looked at. Without an answer there is no `verdict`.
    """

    id: str
    question: str
    expectation: Expectation
    rank: int | None = None
    document_rank: int | None = None
    search_ms: float = 0.0
    processor_ms: float = 0.0
    verdict: Verdict | None = None
    failure: str = ""
    answer_ms: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass
class Result:
    """A run: its questions by mode, and what it ran with."""

    version: str
    settings: dict[str, Any]
    modes: dict[str, list[Asked]]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Result:
        """The result of which `asdict` made these JSON types."""
        modes = {
            mode: [from_json(Asked, each) for each in asked]
            for mode, asked in data["modes"].items()
        }
        return cls(data["version"], data["settings"], modes)


def report(result: Result) -> str:
    """The measures of a run as a table in Markdown, one column a mode."""
    columns = [dict(measures(asked)) for asked in result.modes.values()]
    names = dict.fromkeys(name for column in columns for name in column)
    lines = [
        f"version {result.version}, " + ", ".join(f"{k} {v}" for k, v in result.settings.items()),
        "",
        _row("", result.modes),
        _row("---", ["---"] * len(columns)),
        *(_row(name, (column.get(name, "") for column in columns)) for name in names),
    ]
    for mode, asked in result.modes.items():
        lines += [f"{mode}: {each.id} failed: {each.failure}" for each in asked if each.failure]
    return "\n".join(lines)


def measures(asked: Sequence[Asked]) -> Iterator[tuple[str, str]]:
    """Yield name and value of what is measured; what nothing can be said of is left out."""
    known = [each for each in asked if each.expectation is Expectation.EVIDENCE]
    answered = [each.verdict for each in known if each.verdict]
    unanswerable = [
        each.verdict for each in asked if each.verdict and each.expectation is Expectation.REFUSAL
    ]
    yield "questions", str(len(asked))
    if known:
        for k in HITS:
            yield f"hit@{k}", _share(each.rank is not None and each.rank <= k for each in known)
        yield "MRR", f"{statistics.fmean(1 / e.rank if e.rank else 0.0 for e in known):.3f}"
        for k in (1, 3):
            yield (
                f"right document@{k}",
                _share(each.document_rank in range(1, k + 1) for each in known),
            )
    if answered:
        yield (
            "evidence in what the answer is from",
            _share(v.found_at is not None for v in answered),
        )
        yield "right document cited", _share(verdict.document_cited for verdict in answered)
        yield "cited page right, one of them", _share(verdict.cited for verdict in answered)
        yield "cited page right, the first", _share(verdict.cited_first for verdict in answered)
        yield "refused wrongly", _count(verdict.refused for verdict in answered)
    if unanswerable:
        yield "refused rightly", _count(verdict.refused for verdict in unanswerable)
    yield "search, ms, median", f"{statistics.median(each.search_ms for each in asked):.1f}"
    yield "search, ms, p95", f"{_p95([each.search_ms for each in asked]):.1f}"
    yield "search, processor ms, mean", f"{statistics.fmean(e.processor_ms for e in asked):.1f}"
    done = [each for each in asked if each.verdict]
    if done:
        yield "answer, ms, median", f"{statistics.median(each.answer_ms for each in done):.0f}"
    if any(each.prompt_tokens for each in done):
        yield "tokens in, mean", f"{statistics.fmean(each.prompt_tokens for each in done):.0f}"
        yield "tokens out, mean", f"{statistics.fmean(each.completion_tokens for each in done):.0f}"


def compare(before: Result, after: Result) -> str:
    """What the second run found and answered better, worse or the same, question by question."""
    lines = ["", f"{before.version} → {after.version}"]
    for mode, asked in after.modes.items():
        earlier = {each.id: each for each in before.modes.get(mode, ())}
        pairs = [(earlier[each.id], each) for each in asked if each.id in earlier]
        if not pairs:
            continue
        for name, change, shown in (
            ("search", _found_change, _found),
            ("answers", _answer_change, _answered),
        ):
            lines += _changes(f"{mode}, {name}", pairs, change, shown)
    return "\n".join(lines)


def _changes(
    title: str,
    pairs: Sequence[tuple[Asked, Asked]],
    change: Callable[[Asked, Asked], Change | None],
    shown: Callable[[Asked], str],
) -> Iterator[str]:
    changes = [(change(before, after), before, after) for before, after in pairs]
    counts = Counter(kind for kind, _, _ in changes if kind)
    if not counts:
        return
    yield f"\n{title}: " + ", ".join(f"{counts[kind]} {kind}" for kind in Change if counts[kind])
    for kind in (Change.WORSE, Change.CHANGED, Change.BETTER):
        for changed, before, after in changes:
            if changed is kind:
                what = f"{shown(before)} → {shown(after)}"
                yield f"  {kind}: {what}: {after.id} {after.question[:SHOWN_CHARS]}"


def _found_change(before: Asked, after: Asked) -> Change | None:
    if after.expectation is not Expectation.EVIDENCE:
        return None
    old, new = (1 / each.rank if each.rank else 0.0 for each in (before, after))
    return Change.SAME if old == new else Change.BETTER if new > old else Change.WORSE


def _answer_change(before: Asked, after: Asked) -> Change | None:
    if before.verdict is None or after.verdict is None:
        return None
    return compare_verdicts(before.verdict, after.verdict)


def _found(asked: Asked) -> str:
    return f"rank {asked.rank}" if asked.rank else "not found"


def _answered(asked: Asked) -> str:
    return outcome_of(asked.verdict)


def _row(name: str, values: Any) -> str:
    return "| " + " | ".join([name, *values]) + " |"


def _share(values: Iterator[bool]) -> str:
    found = list(values)
    return f"{sum(found) / len(found):.3f}"


def _count(values: Iterator[bool]) -> str:
    found = list(values)
    return f"{sum(found)} of {len(found)}"


def _p95(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
