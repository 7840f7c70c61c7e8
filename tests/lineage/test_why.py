"""Why jobs ran: each reason of the closed list, what shows it, and the cause at the root."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from headwater.cypher.backlog import catch_up
from headwater.cypher.errors import UsageError
from headwater.cypher.project import Project
from headwater.cypher.store import open_store
from headwater.engine.definitions import LONGEST
from headwater.lineage.resolve import Found
from headwater.lineage.why import jobs_meant, why
from headwater.lineage.why_views import Reason, Why

from tests.lineage.lab import MODULE, Lab
from tests.runs import MadeUpRun

SQUARES = """
LIMIT = 10

def bounded(x):
    return min(x, LIMIT)

@task
def square(x: int) -> int:
    return bounded(x * x)

@task
def total(xs: list[int], start: int = 0) -> int:
    return sum(xs, start)

@task
def main(n: int = 3) -> int:
    return total([square(i) for i in range(n)])
"""
COPIES = """
@task
def size(file: File) -> int:
    return len(file.read())

@task
def main(path: str) -> int:
    return size(File(path))
"""


@pytest.fixture
def lab(project: Project) -> Iterator[Lab]:
    store = open_store(project)
    yield Lab(project, store)
    store.close()


def reasons(lab: Lab, execution: str, task: str) -> list[Why]:
    return [why(lab.store, job) for job in lab.jobs(execution, task)]


def chain(answer: Why) -> list[tuple[str, Reason]]:
    return [(step.job.task.removeprefix("lab."), step.reason) for step in answer.steps]


def test_a_first_run_is_of_new_tasks_and_a_second_reuses_it(lab: Lab) -> None:
    first, second = lab.run(SQUARES), lab.run(SQUARES)
    for task in "main", "square", "total":
        assert {answer.root.reason for answer in reasons(lab, first, task)} == {Reason.NEW_TASK}
    [reused] = reasons(lab, second, "main")
    assert chain(reused) == [("main", Reason.REUSED)]
    assert reused.root.earlier is not None
    assert (reused.root.earlier.execution, reused.root.earlier.status) == (first, "DONE")
    assert first in reused.root.because


def test_however_often_a_result_was_reused_the_run_that_made_it_is_named(lab: Lab) -> None:
    source = """
@task
def answer() -> int:
    return 42

@task
def ask(n: int) -> int:
    return answer()

@task
def main() -> list[int]:
    return [ask(n) for n in range(60)]
"""
    first = lab.run(source, "answer()")
    assert len(lab.jobs(lab.run(source), "answer")) == 60
    last = lab.run(source, "answer()")
    [reused] = reasons(lab, last, "answer")
    assert chain(reused) == [("answer", Reason.REUSED)]
    assert reused.root.earlier is not None
    assert (reused.root.earlier.execution, reused.root.earlier.status) == (first, "DONE")
    assert first in reused.root.because


def test_a_call_that_reads_another_context_is_told_which_part_of_it(lab: Lab) -> None:
    source = """
from headwater import get_context

@task
async def rate() -> float:
    return await get_context("model.rate", 0.1)

@task
async def main() -> float:
    return await rate()
"""
    call = "main.update_context(model={})()"
    lab.run(source, call.format("dict(rate=1)"))
    second = lab.run(source, call.format("dict(rate=2, depth=3)"))
    [inner], [outer] = reasons(lab, second, "rate"), reasons(lab, second, "main")
    for answer in (inner, outer):
        assert (answer.root.reason, answer.root.because) == (Reason.ARGUMENT, "context model.rate")
    third = lab.run(source, call.format("dict(rate=2, depth=4)"))
    assert reasons(lab, third, "main")[0].root.reason is Reason.REUSED


def test_a_changed_source_is_shown_line_by_line(lab: Lab) -> None:
    first = lab.run(SQUARES)
    second = lab.run(SQUARES.replace("sum(xs, start)", "sum(xs, start) + 1"))
    [answer] = reasons(lab, second, "total")
    assert chain(answer) == [("total", Reason.CODE)]
    [step] = answer.steps
    assert step.code is not None
    assert step.earlier is not None
    assert step.earlier.execution == first
    assert [line for line in step.code.source_diff if line[0] in "+-"][2:] == [
        "-    return sum(xs, start)",
        "+    return sum(xs, start) + 1",
    ]
    assert step.code.parts == []


def test_a_changed_helper_or_constant_is_named_and_followed_to_from_what_it_fed(lab: Lab) -> None:
    lab.run(SQUARES)
    second = lab.run(SQUARES.replace("LIMIT = 10", "LIMIT = 3"))
    for answer in reasons(lab, second, "square"):
        assert chain(answer) == [("square", Reason.CODE)]
        assert answer.root.code is not None
        [part] = answer.root.code.parts
        assert (part.kind, part.name.rpartition(".")[2], part.change) == ("constant", "LIMIT", "changed")
        assert part.source_diff is not None
        assert list(part.source_diff)[2:] == ["@@ -1 +1 @@", "-LIMIT = 10", "+LIMIT = 3"]
        assert answer.root.code.source_diff == []
        assert answer.root.arguments == []
    [answer] = reasons(lab, second, "total")
    assert chain(answer) == [("total", Reason.UPSTREAM), ("square", Reason.CODE)]
    [change] = answer.steps[0].arguments
    assert (change.name, change.from_parent) == ("xs", False)
    assert [(one.path, one.before, one.after) for one in change.differences] == [("[2]", "4", "3")]
    assert {job.task for job in change.fed_by} == {"lab.square"}


def test_sources_of_helpers_are_shown_as_they_came_and_went(lab: Lab) -> None:
    lab.run(SQUARES)
    edited = SQUARES.replace(
        "def bounded(x):\n    return min(x, LIMIT)", "def bounded(x):\n    return clipped(x, 0)"
    )
    second = lab.run(edited + "\ndef clipped(x, least):\n    return max(min(x, 7), least)\n")
    answer = reasons(lab, second, "square")[0]
    assert answer.root.code is not None
    parts = {part.name.rpartition(".")[2]: part for part in answer.root.code.parts}
    assert {name: part.change for name, part in parts.items()} == {
        "LIMIT": "removed",
        "bounded": "changed",
        "clipped": "added",
    }
    changed = {name: [line for line in part.source_diff or () if line[:2] not in ("++", "--", "@@")]
               for name, part in parts.items()}  # fmt: skip
    assert changed == {
        "LIMIT": ["-LIMIT = 10"],
        "bounded": [" def bounded(x):", "-    return min(x, LIMIT)", "+    return clipped(x, 0)"],
        "clipped": ["+def clipped(x, least):", "+    return max(min(x, 7), least)"],
    }


def test_a_helper_whose_source_is_not_on_record_is_known_by_its_hash(lab: Lab) -> None:
    long = SQUARES.replace("LIMIT = 10", f"LIMIT = 10 + 0 * len({'x' * LONGEST!r})")
    lab.run(long)
    second = lab.run(long.replace("LIMIT = 10", "LIMIT = 3"))
    answer = reasons(lab, second, "square")[0]
    assert answer.root.code is not None
    [part] = answer.root.code.parts
    assert (part.change, part.source_diff) == ("changed", None)
    assert None not in (part.before, part.after)
    assert part.before != part.after
    found = lab.ask(
        "MATCH (t:Task {fullname: 'lab.square'})-[:READS]->(c:Code) RETURN DISTINCT c.name, c.source"
    )
    assert found == [(f"{MODULE}.bounded", "def bounded(x):\n    return min(x, LIMIT)")]


def test_a_secret_that_changed_is_not_shown(lab: Lab) -> None:
    secret = SQUARES.replace("LIMIT = 10", "PASSWORD = 'sesame'\nLIMIT = len(PASSWORD)")
    lab.run(secret)
    second = lab.run(secret.replace("sesame", "abracadabra"))
    answer = reasons(lab, second, "square")[0]
    assert answer.root.code is not None
    [part] = answer.root.code.parts
    assert (part.change, part.source_diff) == ("changed", [])
    assert {
        row[0] for row in lab.ask("MATCH (c:Code) WHERE c.name ENDS WITH 'PASSWORD' RETURN c.source")
    } == {"PASSWORD = '***'"}


def test_what_a_body_gave_is_followed_to_what_the_body_was_given(lab: Lab) -> None:
    lab.run(SQUARES)
    second = lab.run(SQUARES, "main(4)")
    [answer] = reasons(lab, second, "main")
    assert chain(answer) == [("main", Reason.ARGUMENT)]
    assert answer.root.because == "n: 3 → 4"
    ran = [
        job for job in lab.jobs(second, "square") if why(lab.store, job).steps[0].reason is not Reason.REUSED
    ]
    [job] = ran
    assert chain(why(lab.store, job)) == [("square", Reason.ARGUMENT), ("main", Reason.ARGUMENT)]
    [answer] = reasons(lab, second, "total")
    assert chain(answer)[0] == ("total", Reason.UPSTREAM)
    assert answer.root.because == "n: 3 → 4"


def test_a_changed_file_is_shown_before_and_after(lab: Lab) -> None:
    path = lab.folder / "in.txt"
    path.write_text("one")
    lab.run(COPIES, f"main({str(path)!r})")
    path.write_text("three")
    second = lab.run(COPIES, f"main({str(path)!r})")
    [answer] = reasons(lab, second, "size")
    assert chain(answer) == [("size", Reason.FILE)]
    [change] = answer.root.arguments[0].files
    assert change.path == str(path)
    assert change.before is not None
    assert change.after is not None
    assert (change.before.size, change.after.size) == (3, 5)
    [answer] = reasons(lab, second, "main")
    assert chain(answer) in (
        [("main", Reason.UPSTREAM), ("size", Reason.FILE)],
        [("main", Reason.FILE)],  # the file was in the expression that main had returned
    )


def test_what_is_never_cached_runs_every_time(lab: Lab) -> None:
    source = SQUARES.replace("@task\ndef total", "@task(cache=False)\ndef total")
    lab.run(source)
    second = lab.run(source)
    [answer] = reasons(lab, second, "total")
    assert chain(answer) == [("total", Reason.NEVER_CACHED)]
    third = lab.run(SQUARES, cache=False)
    assert {answer.root.reason for answer in reasons(lab, third, "square")} == {Reason.NEVER_CACHED}


def test_a_failure_is_not_reused(lab: Lab) -> None:
    source = """
import os

@task
def step(path: str) -> int:
    return os.stat(path).st_size

@task
def after(x: int) -> int:
    return x

@task
def main(path: str) -> int:
    return after(step(path))
"""
    path = lab.folder / "later.txt"
    call = f"main({str(path)!r})"
    first = lab.run(source, call, fails=True)
    [answer] = reasons(lab, first, "after")
    assert chain(answer) == [("after", Reason.UNFINISHED)]
    path.write_text("here")
    second = lab.run(source, call)
    [answer] = reasons(lab, second, "step")
    assert chain(answer) == [("step", Reason.FAILED)]
    assert "FileNotFoundError" in answer.root.because
    [answer] = reasons(lab, second, "main")
    assert chain(answer) == [("main", Reason.FAILED)]


def test_equal_calls_of_one_run_share_their_result(lab: Lab) -> None:
    source = """
@task
def one(x: int) -> int:
    return x

@task
def main() -> int:
    return one(1) + one(1)
"""
    run = lab.run(source)
    steps = [answer.steps[0] for answer in reasons(lab, run, "one")]
    assert [step.reason for step in steps] in (
        [Reason.NEW_TASK],
        [Reason.NEW_TASK, Reason.SHARED],
    )


def test_jobs_are_found_by_task_run_and_call(lab: Lab) -> None:
    lab.run(SQUARES)
    second = lab.run(SQUARES, "main(4)")
    task = Found("task", "", "lab.square")
    assert set(jobs_meant(lab.store, task)) == set(lab.jobs(second, "square"))
    assert why(lab.store, jobs_meant(lab.store, task)[0]).job.status == "DONE"
    assert jobs_meant(lab.store, lab.found(second)) == lab.jobs(second, "main")
    [(call,)] = lab.ask(
        "MATCH (j:Job {id: $id})-[:MADE]->(c) RETURN c.call_hash", id=lab.jobs(second, "main")[0]
    )
    assert jobs_meant(lab.store, Found("call", call, "")) == lab.jobs(second, "main")
    with pytest.raises(UsageError, match="asks about jobs and tasks"):
        jobs_meant(lab.store, Found("value", "0" * 64, "5"))
    with pytest.raises(UsageError, match="no run"):
        jobs_meant(lab.store, Found("task", "", "lab.unknown"))


def test_every_job_of_made_up_runs_has_a_reason_and_one_json_shape(project: Project) -> None:
    runs = [MadeUpRun(seed, calls=30) for seed in (1, 2)]
    for run in runs:
        run.write(project)
    store = open_store(project)
    assert catch_up(project).complete
    rows = store.ask("MATCH (j:Job) RETURN j.id ORDER BY j.id", {}, timeout=30, limit=1000).rows
    assert len(rows) > 40
    for (job,) in rows:
        shape = json.loads(json.dumps(why(store, job).to_dict(), default=str))
        assert list(shape) == ["job", "reason", "root", "steps"]
        assert shape["reason"] in {reason.value for reason in Reason}
    store.close()


HIDDEN = """
@task(prov=False)
def hidden(file: File, n: int) -> int:
    return len(file.read()) + n

@task
def shown(n: int) -> int:
    return n

@task
def main(path: str) -> int:
    return shown(hidden(File(path), 1))
"""


def test_what_was_not_recorded_is_named_as_far_as_it_is_known(lab: Lab) -> None:
    path = lab.folder / "hidden.txt"
    path.write_text("abc")
    call = f"main({str(path)!r})"
    lab.run(HIDDEN, call)
    path.write_text("abcd")
    [answer] = reasons(lab, lab.run(HIDDEN, call), "main")
    assert chain(answer) == [("main", Reason.UPSTREAM)]
    assert answer.root.because == f"calls below it that were not recorded changed: {path}"
    [answer] = reasons(lab, lab.run(HIDDEN.replace("+ n", "- n"), call), "main")
    assert answer.root.because == "calls below it that were not recorded changed: their code"
