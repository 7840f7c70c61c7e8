"""Finding runs, jobs and files: every filter against the records themselves, and pages that leave nothing out."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from headwater.cypher.backlog import catch_up
from headwater.cypher.errors import UsageError
from headwater.cypher.project import Project
from headwater.cypher.records import (
    CallMade,
    ExecutionStarted,
    FileSeen,
    JobEnded,
    TaskSeen,
    ValueSeen,
    job_id,
)
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.find import Page, Wanted, find_files, find_jobs, find_runs, like
from headwater.lineage.log_views import Job
from hypothesis import given
from hypothesis import strategies as st

from tests.runs import MadeUpRun

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
Recorded = tuple[GraphStore, list[MadeUpRun]]


@pytest.fixture
def recorded(project: Project) -> Iterator[Recorded]:
    runs = [MadeUpRun(seed, calls=40) for seed in (1, 2, 3)]
    for run in runs:
        run.write(project)
    store = open_store(project)
    assert catch_up(project).complete
    yield store, runs
    store.close()


def of(run: MadeUpRun, kind: type) -> list[Any]:
    return [record for record in run.records if isinstance(record, kind)]


def expected(runs: list[MadeUpRun], wanted: Callable[[MadeUpRun, JobEnded], bool]) -> list[str]:
    """The ids of jobs that are so: the newest run's first, in a run by number."""
    return [
        job_id(run.id, job.n)
        for run in sorted(runs, key=lambda run: run.id, reverse=True)
        for job in sorted(of(run, JobEnded), key=lambda job: job.n)
        if wanted(run, job)
    ]


def ids(page: Page[Job]) -> list[str]:
    return [job.id for job in page.found]


def test_without_a_wish_every_job_is_found_page_by_page(recorded: Recorded) -> None:
    store, runs = recorded
    everything = expected(runs, lambda run, job: True)
    assert ids(find_jobs(store, Wanted(), limit=10_000)) == everything
    pages, after = [], None
    while True:
        page = find_jobs(store, Wanted(), limit=7, after=after)
        pages += ids(page)
        after = page.after
        if after is None:
            break
    assert pages == everything


def test_jobs_are_found_by_task_status_and_time(recorded: Recorded) -> None:
    store, runs = recorded
    names = {
        task.task_hash: f"{task.namespace}.{task.name}" if task.namespace else task.name
        for run in runs
        for task in of(run, TaskSeen)
    }
    for name in sorted(set(names.values()))[:3]:
        wished = Wanted(tasks=[name])
        assert ids(find_jobs(store, wished, limit=10_000)) == expected(
            runs, lambda _, job, name=name: names[job.task_hash] == name
        )
    pattern = f"{min(names.values())[:2]}*"
    assert ids(find_jobs(store, Wanted(tasks=[pattern]), limit=10_000)) == expected(
        runs, lambda _, job: fnmatch.fnmatchcase(names[job.task_hash], pattern)
    )
    for status in "DONE", "CACHED", "FAILED":
        assert ids(find_jobs(store, Wanted(statuses=[status]), limit=10_000)) == expected(
            runs, lambda _, job, status=status: job.status == status
        )
    starts = sorted(job.started for run in runs for job in of(run, JobEnded))
    middle, late = starts[len(starts) // 2], starts[-3]
    since, until = (EPOCH + timedelta(microseconds=moment) for moment in (middle, late))
    assert ids(find_jobs(store, Wanted(since=since, until=until), limit=10_000)) == expected(
        runs, lambda _, job: middle <= job.started < late
    )
    with pytest.raises(UsageError, match="Did you mean"):
        find_jobs(store, Wanted(tasks=[min(names.values()) + "x"]), limit=1)
    with pytest.raises(UsageError, match="no job of that id"):
        find_jobs(store, Wanted(), limit=1, after="0")


def test_jobs_are_found_by_the_types_and_files_of_what_they_took_and_gave(recorded: Recorded) -> None:
    store, runs = recorded
    values = {value.value_hash: value for run in runs for value in of(run, ValueSeen)}
    calls = {call.call_hash: call for run in runs for call in of(run, CallMade)}
    files = {file.file_hash: file.path for run in runs for file in of(run, FileSeen)}

    def touched(job: JobEnded) -> list[ValueSeen]:
        call = calls.get(job.call_hash) if job.call_hash is not None else None
        hashes = [] if call is None else [call.result, *(value for _, _, value in call.args)]
        return [values[one] for one in hashes if one in values]

    for type_ in sorted({value.type for value in values.values()}):
        assert ids(find_jobs(store, Wanted(type=type_), limit=10_000)) == expected(
            runs, lambda _, job, type_=type_: any(value.type == type_ for value in touched(job))
        )
    path = min(files.values())
    for pattern in (path, path[:-2] + "*", path.rpartition("/")[2], "*"):
        regex = re.compile(like(pattern)[1])
        assert ids(find_jobs(store, Wanted(file=pattern), limit=10_000)) == expected(
            runs,
            lambda _, job, regex=regex: any(
                regex.fullmatch(files[file]) for value in touched(job) for file in value.files
            ),
        )


def test_the_same_is_found_where_there_is_too_much_of_it_to_begin_with(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, runs = recorded
    names = sorted(row[0] for row in store.rows("resolve_task_names"))
    value_type = next(value.type for value in of(runs[0], ValueSeen))
    wishes = [
        Wanted(tasks=names[:1]),
        Wanted(type=value_type),
        Wanted(file="*"),
        Wanted(type=value_type, file="*", statuses=["DONE"]),
        Wanted(file="*", user="me"),
    ]

    def found() -> list[object]:
        jobs = [ids(find_jobs(store, wish, limit=9)) for wish in wishes]
        return [*jobs, *(find_runs(store, wish, limit=2) for wish in wishes)]

    few = found()
    assert all(few)
    monkeypatch.setattr("headwater.lineage.find.FEW", 1)
    assert found() == few


def test_runs_are_found_by_their_circumstances(recorded: Recorded) -> None:
    store, runs = recorded
    newest_first = sorted((run.id for run in runs), reverse=True)

    def found(**wanted: Any) -> list[str]:
        return [one.execution.id for one in find_runs(store, Wanted(**wanted), limit=100).found]

    assert found() == newest_first
    assert found(user="me", host="here", tags=["kind=test"]) == newest_first
    assert found(tags=["kind"]) == newest_first
    assert found(statuses=["DONE"]) == newest_first
    for wrong in (
        {"user": "you"},
        {"host": "there"},
        {"tags": ["kind=tes"]},
        {"tags": ["kin"]},
        {"statuses": ["FAILED"]},
        {"commit": "ab"},
    ):
        assert found(**wrong) == []
        assert (
            find_jobs(store, Wanted(**{**wrong, "statuses": ()}), limit=1).found == [] or "statuses" in wrong
        )
    begun = sorted(of(run, ExecutionStarted)[0].started for run in runs)
    since = EPOCH + timedelta(microseconds=begun[-1])
    assert len(found(since=since)) == sum(1 for one in begun if one >= begun[-1])
    names = {task.name for task in of(runs[0], TaskSeen)}
    assert found(tasks=[f"*{min(names)}"]) == [
        id_
        for id_ in newest_first
        if any(min(names) == t.name for r in runs if r.id == id_ for t in of(r, TaskSeen))
    ]
    page = find_runs(store, Wanted(), limit=2)
    assert page.after == newest_first[1]
    rest = find_runs(store, Wanted(), limit=2, after=page.after)
    assert ([one.execution.id for one in rest.found], rest.after) == (newest_first[2:], None)


def test_files_are_found_by_path_page_by_page(recorded: Recorded) -> None:
    store, runs = recorded
    files = sorted({(file.path, file.file_hash.hex()) for run in runs for file in of(run, FileSeen)})
    pages, after = [], None
    while True:
        page = find_files(store, "*", limit=3, after=after)
        pages += [(file.path, file.file) for file in page.found]
        after = page.after
        if after is None:
            break
    assert pages == files
    exact = find_files(store, files[0][0], limit=100).found
    assert {file.path for file in exact} == {files[0][0]}
    with pytest.raises(UsageError, match="no file of that hash"):
        find_files(store, "*", limit=1, after="0")


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a/*.csv", "/a/b.csv", True),
        ("/a/*.csv", "/a/b/c.csv", True),
        ("/a/*.csv", "/b/a/c.csv", False),
        ("b.csv", "/a/b.csv", True),
        ("b.csv", "/a/ab.csv", False),
        ("a/?.csv", "/x/a/b.csv", True),
        ("s3://b/*", "s3://b/k/l", True),
        ("a+b(1).csv", "/a+b(1).csv", True),
        ("a.csv", "/aXcsv", False),
    ],
)
def test_a_pattern_is_like_a_path_or_not(pattern: str, path: str, matches: bool) -> None:
    prefix, regex = like(pattern)
    assert (path.startswith(prefix) and re.fullmatch(regex, path) is not None) is matches


@given(st.text(alphabet="ab/.+(*?[\\", max_size=8))
def test_every_pattern_is_a_regular_expression(pattern: str) -> None:
    _, regex = like(pattern)
    assert re.fullmatch(regex, pattern)
