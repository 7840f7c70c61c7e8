"""Jobs that have only begun wait for the end of what there is to load: most have ended by then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from headwater.cypher.backlog import mark_of
from headwater.cypher.journal import apparent_end
from headwater.cypher.load_journal import JournalLoad
from headwater.cypher.project import Project
from headwater.cypher.records import JobEnded, JobStarted, job_id
from headwater.cypher.store import GraphStore
from headwater.lineage import log
from headwater.lineage.log_views import UNTOLD, JobView
from headwater.lineage.resolve import resolve

from headwater.cli import _views
from tests.cypher.written import TASK, ask, begin, value, write
from tests.runs import EPOCH, digest, run_id


def started(n: int, parent: int | None = 0) -> JobStarted:
    given = [("x", 0, digest("value", 1))]
    return JobStarted(n, parent, TASK.task_hash, digest("eval", n), EPOCH + n, "t", 1, given)


def ended(n: int, parent: int | None = 0) -> JobEnded:
    return JobEnded(n, parent, TASK.task_hash, digest("eval", n), "FAILED", EPOCH + n, EPOCH + 99, "t")


def mostly_ended(project: Project) -> Path:
    """A journal of 40 jobs that begin, of which 29 have ended."""
    many = [started(n) for n in range(1, 40)]
    return write(
        project, 1, [begin(1), TASK, value(1), started(0, None), *many], [ended(n) for n in range(1, 30)]
    )


_JOBS = "MATCH (j:Job) RETURN j.n, j.status, j.task_name, EXISTS { (j)-[:GIVEN]->() } ORDER BY j.n"


def test_jobs_that_have_only_begun_are_told_once_there_is_nothing_more_to_load(
    project: Project, graph: GraphStore
) -> None:
    path = mostly_ended(project)
    loading = JournalLoad(path, graph, share=600)  # 20 records a batch
    assert loading.step()
    assert ask(graph, _JOBS) == [(0, "RUNNING", "ns.f", True)], "the root tells where the run has come to"
    while loading.step():
        pass
    found = ask(graph, _JOBS)
    assert [row[:2] for row in found] == [(n, "FAILED" if 1 <= n < 30 else "RUNNING") for n in range(40)]
    assert {row[2:] for row in found} == {("ns.f", False), ("ns.f", True)}
    assert [n for n, status, _, given in found if given] == [0, *range(30, 40)]


def test_who_goes_on_with_a_journal_tells_of_the_jobs_that_were_held_back(
    project: Project, graph: GraphStore
) -> None:
    path = mostly_ended(project)
    for _ in range(3):
        assert JournalLoad(path, graph, share=600).step()
    last = JournalLoad(path, graph, share=600)
    while last.step():
        pass
    found = ask(graph, _JOBS)
    assert [row[:3] for row in found] == [
        (n, "FAILED" if 1 <= n < 30 else "RUNNING", "ns.f") for n in range(40)
    ]
    assert [n for n, status, _, given in found if given] == [0, *range(30, 40)]


@pytest.mark.parametrize("jobs", [17, 60])
def test_nobody_is_told_that_all_is_loaded_while_jobs_are_held_back(
    project: Project, graph: GraphStore, jobs: int
) -> None:
    many = [started(n) for n in range(1, jobs)]
    path = write(project, 1, [begin(1), TASK, value(1), started(0, None), *many])
    loading = JournalLoad(
        path, graph, share=600
    )  # 20 records a batch, and the first 20 are the end of a journal
    while not mark_of(path).exists() or json.loads(mark_of(path).read_text())["offset"] < apparent_end(path):
        assert loading.step()
    assert len(ask(graph, _JOBS)) == jobs


def test_a_job_of_which_only_the_number_is_told_is_shown_as_one(project: Project, graph: GraphStore) -> None:
    path = write(
        project, 1, [begin(1), TASK, value(1), started(0, None), started(1), ended(2, parent=1), value(2)]
    )
    loading = JournalLoad(path, graph, share=2000)  # 6 records a batch
    assert loading.step()
    shown = log.view(graph, resolve(graph, job_id(run_id(1), 1)), jobs=9)
    assert isinstance(shown, JobView)
    assert (shown.job.task, shown.job.status) == (UNTOLD, "RUNNING")
    words = "\n".join(_views.view(shown, []))
    assert UNTOLD in words
    assert "None" not in words
