"""The past is answered as it was: what is asked as of a moment later is what was answered then."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.as_of import AsOf
from headwater.cypher.backlog import catch_up
from headwater.cypher.errors import StoreError, UsageError
from headwater.cypher.project import Project
from headwater.cypher.queries import load, names
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage import log
from headwater.lineage.diff import diff
from headwater.lineage.find import Wanted, find_files, find_jobs, find_runs
from headwater.lineage.impact import impact
from headwater.lineage.impact_facts import ImpactFacts
from headwater.lineage.log_views import to_json
from headwater.lineage.resolve import Found, resolve
from headwater.lineage.trace import newest_call, trace
from headwater.lineage.trace_facts import GraphFacts
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
"""when something was recorded last: by the clock of the call now, of then by that of the job that made it"""


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


def times(answer: Any) -> Iterator[datetime]:
    """All times in an answer."""
    if isinstance(answer, dict):
        for part in answer.values():
            yield from times(part)
    elif isinstance(answer, (list, tuple)):
        for part in answer:
            yield from times(part)
    elif isinstance(answer, datetime):
        yield answer
    elif isinstance(answer, str) and re.match(r"\d{4}-\d\d-\d\dT", answer):
        yield datetime.fromisoformat(answer.replace("Z", "+00:00"))


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
            found[name] = [dict(zip(asked.columns, row, strict=True)) for row in asked.rows]
    here = ["-", "~1", "task:lab.read", "task:lab.double", "lab.main"]
    for what in [*here, *(str(folder / name) for name in ("in.txt", "out.txt", "other.txt"))]:
        try:
            meant = resolve(store, what)
        except UsageError:
            found[what] = None
            continue
        found[what] = (meant.kind, meant.id, to_json(log.view(store, meant, jobs=100)))
        found[f"impact {what}"] = impact(store, meant, every_content=meant.kind == "file").to_dict()
        if meant.kind == "task":
            found[f"newest {what}"] = newest_call(store, meant)
            found[f"why {what}"] = [why(store, job).to_dict() for job in jobs_meant(store, meant)]
        else:
            try:
                found[f"trace {what}"] = trace(store, meant).to_dict()
            except UsageError as error:
                found[f"trace {what}"] = str(error)
        if meant.kind == "execution":
            found[f"why {what}"] = [why(store, job).to_dict() for job in jobs_meant(store, meant)]
            try:
                found[f"diff {what}"] = diff(store, resolve(store, "~1"), meant).to_dict()
            except UsageError as error:
                found[f"diff {what}"] = str(error)
    moment = store.moment
    assert moment is None or not [at for at in times(found) if at > moment], moment
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


GATED = """
import time
from pathlib import Path

@task
def count(file: File) -> int:
    return len(file.read())

@task
def wait(n: int, folder: str) -> int:
    Path(folder, "waiting").touch()
    while not Path(folder, "go").exists():
        time.sleep(0.01)
    return n + 1

@task
def report(n: int, path: str) -> File:
    file = File(path)
    file.write(str(n))
    return file

@task
def main(source: str, folder: str) -> File:
    return report(wait(count(File(source)), folder), folder + "/out.txt")
"""


KEYS = """
MATCH (n:Job) RETURN 'job' AS kind, n.id AS key UNION ALL MATCH (n:CallNode) RETURN 'call' AS kind, n.call_hash AS key
UNION ALL MATCH (n:Task) RETURN 'task' AS kind, n.task_hash AS key
UNION ALL MATCH (n:Value) RETURN 'value' AS kind, n.value_hash AS key
UNION ALL MATCH (n:File) RETURN 'file' AS kind, n.file_hash AS key
"""


def keys(lab: Lab) -> set[tuple[str, str]]:
    """The kinds and keys of what is in the graph."""
    return {(kind, key) for kind, key in lab.ask(KEYS)}


def begun(answer: Any) -> Any:
    """An answer without when running jobs began, which is settled when they end: in between they may have waited."""
    if isinstance(answer, dict):
        running = answer.get("status") == "RUNNING"
        return {name: begun(part) for name, part in answer.items() if not (running and name == "started")}
    return [begun(part) for part in answer] if isinstance(answer, (list, tuple)) else answer


def test_a_run_is_answered_as_it_was_in_its_midst(lab: Lab) -> None:
    """What a run came to, and what it did later, is not told of a moment at which it was going on."""
    folder = lab.folder
    source = folder / "in.txt"
    call = f"main({str(source)!r}, {str(folder)!r})"
    source.write_text("first")
    (folder / "go").touch()
    lab.run(GATED, call)
    for name in ("go", "waiting"):
        (folder / name).unlink()
    source.write_text("second, longer")
    running = threading.Thread(target=lab.run, args=(GATED, call))
    running.start()
    try:
        while not (folder / "waiting").exists():
            time.sleep(0.01)
        while not lab.ask("MATCH (j:Job {task_name: 'lab.wait', status: 'RUNNING'}) RETURN j.id"):
            catch_up(lab.project)
        known = keys(lab)
        moment = datetime.now(timezone.utc)
        told = answers(lab.store, folder)
    finally:
        (folder / "go").touch()
        running.join()
    past = AsOf(lab.store, moment)
    now = answers(past, folder)
    assert now.keys() == told.keys()
    for question in told:
        assert begun(now[question]) == begun(told[question]), question
    later = keys(lab) - known
    assert {kind for kind, _ in later} == {"job", "call", "value", "file"}
    for kind, key in later:
        assert resolve(lab.store, key).kind == kind
        with pytest.raises(UsageError, match="nothing recorded"):
            resolve(past, key)


def test_a_call_that_was_made_again_has_the_time_of_then(lab: Lab) -> None:
    source = str(lab.folder / "in.txt")
    Path(source).write_text("abc")
    call = f"main({source!r}, {str(lab.folder / 'out.txt')!r})"
    first = lab.run(SOURCE.format(more=""), call)
    moment = datetime.now(timezone.utc)
    lab.run(SOURCE.format(more=""), call, cache=False)
    past = AsOf(lab.store, moment)
    [job] = lab.jobs(first, "read")
    made = log.job(past, job)
    assert made is not None
    assert made.job.call is not None
    seen = log.call(past, made.job.call)
    assert seen is not None
    assert seen.recorded_at <= moment
    assert all(line.recorded_at <= moment for line in (*seen.children, *seen.parents))
    reached = impact(past, resolve(past, source)).calls
    assert reached
    assert all(one.recorded_at is not None and one.recorded_at <= moment for one in reached)


HALF = """
@task
def keep(text: str) -> str:
    return text{more}

@task
def inner(path: str) -> list[object]:
    file = File(path)
    file.write("made")
    return [file, keep("kept")]

@task
def main(path: str) -> list[object]:
    return inner(path)

@task
def read(file: File) -> str:
    return file.read()
"""


def test_a_call_put_together_again_from_its_single_reduction_was_made_then(lab: Lab) -> None:
    """Its function did not run, but the call is new: a helper below it changed."""
    made = str(lab.folder / "made.txt")
    main, before, after = f"main({made!r})", HALF.format(more=""), HALF.format(more=" + '!'")
    lab.run(before, main)
    second = lab.run(after, main)
    [inner] = lab.jobs(second, "inner")
    then = log.job(lab.store, inner)
    assert then is not None
    assert then.job.status == "CACHED"
    call = then.job.call
    assert call is not None
    reader = lab.run(after, f"read(File({made!r}))")
    assert "lab.read" in {one.task for one in impact(lab.store, lab.found(second)).calls}
    moment = datetime.now(timezone.utc)
    lab.run(after, main, cache=False)

    for store in (lab.store, AsOf(lab.store, moment)):
        assert call in {one.call for one in trace(store, lab.found(reader)).calls.values()}
        assert GraphFacts(store).jobs([call])[call] == inner
        assert ImpactFacts(store).jobs_of([call])[call][0].job == inner
    past = AsOf(lab.store, moment)
    assert newest_call(past, Found("task", "", "lab.inner")) == call
    seen = log.call(past, call)
    assert seen is not None
    assert seen.recorded_at <= moment
    assert seen.eval_hash is not None
    assert resolve(past, seen.eval_hash).id == call


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
