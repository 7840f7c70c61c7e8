"""The past is answered as it was: what is asked as of a moment later is what was answered then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.as_of import AsOf
from headwater.cypher.errors import StoreError, UsageError
from headwater.cypher.project import Project
from headwater.cypher.queries import load, names
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage import log
from headwater.lineage.find import Wanted, find_files, find_jobs, find_runs
from headwater.lineage.impact import impact
from headwater.lineage.log_views import to_json
from headwater.lineage.resolve import resolve
from headwater.lineage.trace import newest_call, trace
from headwater.lineage.why import jobs_meant, why

from tests.lineage.lab import Lab

SOURCE = """
@task
def read(file: File) -> int:
    return len(file.read()) {more}

@task
def write(n: int, path: str) -> File:
    file = File(path)
    file.write(str(n))
    return file

@task
def double(n: int) -> int:
    if n == 7:
        raise ValueError("seven")
    return 2 * n

@task
def main(source: str, target: str) -> File:
    return write(double(read(File(source))), target)
"""
UNSETTLED = {"recorded_at", "at", "last", "recorded"}
"""when something was recorded last: a later run moves it on"""


@pytest.fixture
def lab(project: Project) -> Iterator[Lab]:
    store = open_store(project)
    yield Lab(project, store)
    store.close()


def settled(answer: Any, *, ordered: bool = False) -> Any:
    """An answer without what later runs move on, and the order in which that puts calls."""
    if isinstance(answer, dict):
        return {name: settled(part) for name, part in answer.items() if name not in UNSETTLED}
    if isinstance(answer, (list, tuple)):
        parts = [settled(part) for part in answer]
        return (
            parts if ordered or not any(isinstance(part, dict) for part in parts) else sorted(parts, key=repr)
        )
    return answer


def answers(store: GraphStore, folder: Path) -> dict[str, Any]:
    """What every question has for an answer."""
    found: dict[str, Any] = {
        "runs": to_json(log.executions(store, limit=100)),
        "failed runs": to_json(log.executions(store, limit=100, status="FAILED")),
        "found runs": to_json(find_runs(store, Wanted(), limit=100).found),
        "found failed": to_json(find_jobs(store, Wanted(statuses=["FAILED"]), limit=100).found),
        "found jobs": to_json(find_jobs(store, Wanted(), limit=100).found),
        "found files": to_json(find_files(store, "*", limit=100).found),
    }
    for name in names():
        if name.startswith("ask_"):
            asked = store.ask(load(name, store.dialect), {"task": "lab.read"}, timeout=30, limit=100)
            rows = [dict(zip(asked.columns, row, strict=True)) for row in asked.rows]
            found[name] = sorted(settled(rows), key=repr)
    here = ["-", "~1", "task:lab.read", "task:lab.double", "lab.main"]
    for what in [*here, *(str(folder / name) for name in ("in.txt", "out.txt", "other.txt"))]:
        try:
            meant = resolve(store, what)
        except UsageError:
            found[what] = None
            continue
        view = settled(to_json(log.view(store, meant, jobs=100)))
        found[what] = (meant.kind, meant.id, *(sorted(view.items()) if isinstance(view, dict) else view))
        found[f"impact {what}"] = impact(store, meant, every_content=meant.kind == "file").to_dict()
        if meant.kind == "task":
            found[f"newest {what}"] = newest_call(store, meant.label)
            found[f"why {what}"] = [why(store, job).to_dict() for job in jobs_meant(store, meant)]
        else:
            try:
                found[f"trace {what}"] = trace(store, meant).to_dict()
            except UsageError as error:
                found[f"trace {what}"] = str(error)
    return {
        name: settled(answer, ordered=name in ("runs", "found runs", "found jobs", "found files"))
        for name, answer in found.items()
    }


def test_the_past_is_answered_as_it_was_answered_then(lab: Lab) -> None:
    folder = lab.folder
    source, target, other = (str(folder / name) for name in ("in.txt", "out.txt", "other.txt"))
    plain, changed = SOURCE.format(more=""), SOURCE.format(more="+ 1")
    then: list[tuple[datetime, dict[str, Any]]] = [(datetime.now(timezone.utc), answers(lab.store, folder))]

    def run(code: str, text: str, to: str, *, fails: bool = False, cache: bool = True) -> None:
        Path(source).write_text(text)
        lab.run(code, f"main({source!r}, {to!r})", fails=fails, cache=cache)
        then.append((datetime.now(timezone.utc), answers(lab.store, folder)))

    run(plain, "abc", target)
    run(plain, "abcd", target)
    run(changed, "abcd", other)
    run(plain, "1234567", target, fails=True)
    run(plain, "abc", target, cache=False)
    for moment, told in then:
        now = answers(AsOf(lab.store, moment), folder)
        assert now.keys() == told.keys(), moment
        for question in told:
            assert now[question] == told[question], (moment, question)


def test_the_past_cannot_be_written(lab: Lab) -> None:
    past = AsOf(lab.store, datetime.now(timezone.utc))
    with pytest.raises(StoreError, match="nothing is written"):
        past.write([("record_migration", {"version": 1, "checksum": "x"})])
    assert past.dialect == lab.store.dialect
    assert past.address == lab.store.address


def test_a_question_may_refer_to_the_moment(lab: Lab) -> None:
    moment = datetime(2020, 1, 2, tzinfo=timezone.utc)
    text = "RETURN $as_of AS at"
    assert AsOf(lab.store, moment).ask(text, {}, timeout=10, limit=1).rows == [(moment,)]
    assert lab.store.ask(text, {}, timeout=10, limit=1).rows == [(None,)]
