"""The questions that `benchmarks.scale` puts to a history, and how long the answers took."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.lineage import log
from headwater.lineage.audit import audit
from headwater.lineage.audit_facts import AuditFacts
from headwater.lineage.find import Wanted, find_files, find_jobs, find_runs
from headwater.lineage.impact import impact
from headwater.lineage.log_views import ExecutionView
from headwater.lineage.resolve import Found, resolve
from headwater.lineage.rules import load_rules
from headwater.lineage.trace import trace
from headwater.lineage.trace_datasets import traced_datasets
from headwater.lineage.why import jobs_meant, why

from benchmarks.history import BETWEEN, END, Told

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

PAGE = 50
"""runs, jobs or files of a page of `find`"""
FIRST = 500
"""calls of a part of an impact"""
_ALL = "/data/settings.toml"
"""what every run took"""
RECENT = (20, 10, 30)
"""runs that audits with --since look at, the newest ones"""


@dataclass(frozen=True)
class Question:
    """A question to be asked about many things.

    Attributes:
        ask: asks it about one, and says how large the answer is.
        about: what to ask about.
        goal: seconds that 95 of 100 are to be answered in; None for those that are measured only.
    """

    name: str
    ask: Callable[[GraphStore, str], int]
    about: Sequence[str]
    goal: float | None = 0.5


@dataclass
class Answers:
    """How long the answers took, in seconds, and how large they were."""

    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def questions(told: Told, *, each: int, seed: int = 7) -> list[Question]:
    """All questions, about things of a history that are chosen by chance, the same ones for one seed."""
    pick = random.Random(seed)

    def some(kind: str, count: int) -> list[str]:
        known = sorted(told.roots.get(kind, []))
        return pick.sample(known, min(count, len(known)))

    mixed = some("run", each // 3) + some("made", each // 3) + some("job", each - 2 * (each // 3))
    raws = some("raw", each // 3) + some("made", each // 3) + some("job", each - 2 * (each // 3))
    rules = [rule.id for rule in load_rules(Path("."))]
    recent = [f"{rule} {runs}" for runs in RECENT for rule in rules]
    return [
        Question("trace of a run, file or job", _trace, mixed),
        Question("impact of a file or job", _impact, raws),
        Question(
            f"impact of what every run took, the first {FIRST} calls", _first, [_ALL] * max(each // 4, 1)
        ),
        Question(
            "find a page of jobs by task, status, user or file", _find, pick.choices(list(_FIND), k=each)
        ),
        Question("find a page of runs or files", _find_others, pick.choices(list(_OTHERS), k=each)),
        Question("log: the newest runs", lambda store, _: len(log.executions(store, limit=20)), [""] * each),
        Question("log of a run, file or job", _log, mixed),
        Question("why of a run's or another's job", _why, some("run", each // 2) + some("job", each // 2)),
        Question("audit: one rule, the last 10, 20 or 30 runs", _audit_recent(told), recent),
        Question("audit: one rule, everything", _audit, rules, None),
    ]


def since_of(told: Told, runs: int = RECENT[0]) -> datetime:
    """When the last so many runs of a history began to begin."""
    moment = (END - BETWEEN * (10_000 - max(told.runs - runs, 0))) / 1e6 - 1
    return datetime.fromtimestamp(moment, timezone.utc)


def wide(told: Told) -> list[Question]:
    """Questions whose answers grow with the history."""
    return [
        Question("impact of what every run took", _impact, [_ALL], None),
        Question("impact of a task that every run called", _impact, ["task:history.report"], None),
    ]


def measure(store: GraphStore, question: Question, timeout: float = 60.0) -> Answers:
    """Ask about everything, or for so many seconds; the first things are asked about before: they warm the server."""
    for one in question.about[:3] if question.goal is not None else ():
        question.ask(store, one)
    found = Answers()
    until = time.perf_counter() + timeout
    for one in question.about:
        began = time.perf_counter()
        size = question.ask(store, one)
        found.seconds.append(time.perf_counter() - began)
        found.sizes.append(size)
        if time.perf_counter() > until:
            break
    return found


def _found(store: GraphStore, what: str) -> Found:
    return resolve(store, what)


def _trace(store: GraphStore, what: str) -> int:
    answer = trace(store, _found(store, what))
    traced_datasets(store, answer)
    return len(answer.calls)


def _impact(store: GraphStore, what: str) -> int:
    return len(impact(store, _found(store, what)).calls)


def _first(store: GraphStore, what: str) -> int:
    return len(impact(store, _found(store, what), limit=FIRST).calls)


_FIND = {
    "task": Wanted(tasks=["history.scale"]),
    "failed": Wanted(statuses=["FAILED"]),
    "user": Wanted(user="cleo", tasks=["history.report"]),
    "file": Wanted(file="/data/raw/7.csv"),
    "tag": Wanted(tags=["stage=release"], tasks=["history.main"]),
}
_OTHERS = {
    "failed": Wanted(statuses=["FAILED"]),
    "commit": Wanted(commit="ab"),
    "tag": Wanted(tags=["stage"]),
    "task": Wanted(tasks=["history.part"]),
    "files": Wanted(file="/out/report-*.txt"),
}


def _find(store: GraphStore, what: str) -> int:
    return len(find_jobs(store, _FIND[what], limit=PAGE).found)


def _find_others(store: GraphStore, what: str) -> int:
    wanted = _OTHERS[what]
    if wanted.file is not None:
        return len(find_files(store, wanted.file, limit=PAGE).found)
    return len(find_runs(store, wanted, limit=PAGE).found)


def _log(store: GraphStore, what: str) -> int:
    view = log.view(store, _found(store, what), jobs=50)
    return len(view.jobs) if isinstance(view, ExecutionView) else 1


def _why(store: GraphStore, what: str) -> int:
    return len(why(store, jobs_meant(store, _found(store, what))[0]).steps)


def _audit_recent(told: Told) -> Callable[[GraphStore, str], int]:
    def ask(store: GraphStore, what: str) -> int:
        rule, runs = what.split()
        return _audit(store, rule, since_of(told, int(runs)))

    return ask


def _audit(store: GraphStore, rule: str, since: datetime | None = None) -> int:
    facts = AuditFacts(store, since)
    return len(audit(store, load_rules(Path("."), [rule]), facts, timeout=600).findings)
