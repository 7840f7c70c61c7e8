"""Whatever happens to a run, nothing of it is left open: every job ends, every limit is given back, the scheduler goes
on. Over random workflows of calls that fail, are tried again, take too long, and are cut off from outside."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.journal import read_groups
from headwater.cypher.loader import catch_up
from headwater.cypher.records import AnyRecord, ExecutionEnded, JobEnded, JobStarted

from headwater import Cancelled, Project, Scheduler, TaskTimeout, catch, cond, create_project, seq, task
from tests.engine.napping import nap
from tests.waiting import wait_for

headwater_namespace = "open"

SEEDS = int(os.environ.get("HEADWATER_OPEN_SEEDS", "60"))


class Unlucky(Exception):
    """Raised by some calls at some times."""


_chance = random.Random()


@task(cache_scope="NONE")
def step(key: str, luck: float, seconds: float, inner: Any = None) -> str:
    time.sleep(seconds)
    if _chance.random() > luck:
        raise Unlucky(key)
    return key


@task(cache_scope="NONE")
def nested(key: str, seed: int, depth: int) -> Any:
    return workflow(random.Random(seed), key, depth)


@task
def rescued(error: Exception) -> str:
    return "rescued"


def workflow(chance: random.Random, key: str, depth: int) -> Any:
    """A random tree of calls."""
    kind = (
        chance.choice(["step", "step", "list", "nested", "catch", "seq", "cond", "after"])
        if depth
        else "step"
    )
    if kind == "step":
        options: dict[str, Any] = {"retry_backoff": chance.choice([0, 0.001, 0.01])}
        if chance.random() < 0.5:
            options["retries"] = chance.randint(1, 3)
        if chance.random() < 0.5:
            options["limits"] = {chance.choice("ab"): chance.randint(1, 2)}
        if chance.random() < 0.3:
            options["timeout"] = 0.01
        luck = chance.choice([0.5, 0.9, 1.0])
        return step.options(**options)(key, luck, chance.choice([0, 0, 0.002, 0.03]))
    if kind == "nested":
        return nested(key, chance.randrange(1 << 30), depth - 1)
    parts = [workflow(chance, f"{key}.{i}", depth - 1) for i in range(chance.randint(1, 4))]
    if kind == "list":
        return parts
    if kind == "catch":
        return catch(parts[0], (Unlucky, TaskTimeout), rescued)
    if kind == "seq":
        return seq(parts)
    if kind == "cond":
        return cond(parts[0], parts[-1], parts[0])
    return step(f"{key}.after", 0.95, 0, parts)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    found = create_project(tmp_path_factory.mktemp("open"))
    yield found
    catch_up(found)
    local_graph.stop(found)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_job_ends_and_every_limit_is_given_back(seed: int, project: Project) -> None:
    chance = random.Random(seed)
    _chance.seed(seed)
    recorded = seed % 6 == 0
    scheduler = Scheduler(project, record=recorded)
    scheduler.config.limits.update(a=2, b=3)
    stack = ExitStack()
    if chance.random() < 0.4:
        timer = threading.Timer(chance.uniform(0, 0.1), scheduler.cancel)
        timer.start()
        stack.callback(timer.join)
    with stack, suppress(Unlucky, TaskTimeout, Cancelled):
        scheduler.run(
            [workflow(chance, str(i), 4) for i in range(8)], keep_going=chance.random() < 0.5, cache=False
        )
    progress = scheduler.progress()
    assert not any(progress.limits.values()), progress.limits
    for name, by_status in progress.counts.items():
        assert set(by_status) <= {"DONE", "CACHED", "FAILED", "CANCELLED"}, (name, by_status)
    if recorded:
        check_journal(project, str(scheduler.execution_id), progress.counts)
    assert scheduler.run(step("again", 1.0, 0)) == "again"


def journal_of(project: Project, execution: str) -> list[AnyRecord]:
    catch_up(project, execution_id=execution)  # so that the loader does not move it meanwhile
    journal = project.loaded_journals / f"{execution}.hwj"
    return [record for group in read_groups(journal) for record in group.records]


def check_journal(project: Project, execution: str, counts: dict[str, dict[str, int]]) -> None:
    """Every job that the journal knows has exactly one end, and they are the jobs that were counted."""
    records = journal_of(project, execution)
    ends = [record for record in records if isinstance(record, JobEnded)]
    assert len({end.n for end in ends}) == len(ends)
    assert {record.n for record in records if isinstance(record, JobStarted)} <= {end.n for end in ends}
    assert len(ends) == sum(sum(by_status.values()) for by_status in counts.values())
    assert isinstance(records[-1], ExecutionEnded)


@pytest.mark.parametrize(("executor", "calls"), [("default", 100), ("process", 20)])
def test_of_calls_that_wait_for_their_executor_none_is_told_as_begun(
    executor: str, calls: int, project: Project, tmp_path: Path
) -> None:
    scheduler = Scheduler(project)
    scheduler.run([nap.options(executor=executor)(0.2, str(tmp_path / str(i))) for i in range(calls)])
    records = journal_of(project, str(scheduler.execution_id))
    going = most = 0
    for record in records:
        if isinstance(record, JobStarted) and record.parent is not None:
            going += 1
            most = max(most, going)
        elif isinstance(record, JobEnded) and record.parent is not None:
            going -= 1
    workers = scheduler.config.executors[executor].workers
    assert 1 <= most <= 2 * workers, (
        "each is at work when that is told; the end of one may be told after another's"
    )


@task(retries=1, cache=False)
def late_and_again(folder: str) -> str:
    """Its first attempt ends when the second has begun; that one, when somebody says so."""
    first = not Path(folder, "first").exists()
    Path(folder, "first" if first else "second").touch()
    wait_for(Path(folder, "second" if first else "seen").exists, 60)
    return "late" if first else "in time"


def test_an_attempt_is_told_as_begun_though_the_one_before_it_ends_late(
    project: Project, tmp_path: Path
) -> None:
    # Where this machine stands still for so long that the second attempt ends first, there is nothing to see.
    assert any(
        second_attempt_is_told(project, tmp_path / str(timeout), timeout) for timeout in (3.0, 10.0, 25.0)
    )


def second_attempt_is_told(project: Project, folder: Path, timeout: float) -> bool:
    """Whether it is told while it goes on, and gives its result."""
    folder.mkdir()
    scheduler = Scheduler(project)
    results: list[str] = []

    def run() -> None:
        with suppress(TaskTimeout):
            results.append(scheduler.run(late_and_again.options(timeout=timeout)(str(folder))))

    def is_told() -> bool:
        journals = [project.journals / f"{scheduler.execution_id}.hwj"]
        records = [r for path in journals if path.exists() for g in read_groups(path) for r in g.records]
        return any(isinstance(record, JobStarted) and record.attempt == 2 for record in records)

    runner = threading.Thread(target=run)
    runner.start()
    wait_for((folder / "second").exists, 60)
    told, until = False, time.monotonic() + timeout * 2 / 3
    while not told and time.monotonic() < until:
        told = is_told()
    (folder / "seen").touch()
    runner.join()
    assert "late" not in results
    return told and results == ["in time"]
