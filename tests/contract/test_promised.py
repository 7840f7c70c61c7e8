"""Scheduler tasks with promises are recorded, reused and looked at beforehand like those that are generators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.resolve import Found
from headwater.lineage.trace import trace
from headwater.lineage.verify import verify

from headwater import DryRunResult, File, Project, Promise, evaluate, scheduler_task, task
from tests.contract.conftest import Run, define
from tests.contract.test_async_lineage import origins

headwater_namespace = "promised_recorded"


@pytest.fixture
def store(project: Project) -> Iterator[GraphStore]:
    opened = open_store(project)
    yield opened
    opened.close()


@task
def refuse(n: int) -> int:
    raise ValueError(f"{n} is refused")


@task
def total(values: Any) -> int:
    return int(sum(values))


@scheduler_task()
def by_promises(scheduler: Any, parent_job: Any, sexpr: Any, leaf: Any) -> Any:
    def go_on(found: list[int]) -> Any:
        return scheduler.evaluate([leaf(sum(found)), *found], parent_job=parent_job)

    parts = [scheduler.evaluate(leaf(1)), scheduler.evaluate(refuse(2)).catch(lambda error: 20)]
    return Promise.all(parts).then(go_on)


@scheduler_task()
def by_steps(leaf: Any) -> Any:
    found = [(yield leaf(1))]
    try:
        found.append((yield refuse(2)))
    except ValueError:
        found.append(20)
    return [(yield leaf(sum(found))), *found]


@scheduler_task()
def copied_by_promises(scheduler: Any, parent_job: Any, sexpr: Any, found: Any, copy: Any) -> Any:
    return scheduler.evaluate(found).then(lambda text: scheduler.evaluate(copy(text)))


@scheduler_task()
def copied_by_steps(found: Any, copy: Any) -> Any:
    return (yield copy((yield found)))


@pytest.mark.parametrize("form", [copied_by_promises, copied_by_steps], ids=["promises", "steps"])
def test_a_file_is_traced_back_through_them(
    run: Run, store: GraphStore, project: Project, tmp_path: Path, form: Callable[..., Any]
) -> None:
    (tmp_path / "in.txt").write_text("read")

    def write(text: str) -> File:
        file = File(tmp_path / "out.txt")
        file.write(text.upper())
        return file

    read, copy = define("read", "1", lambda file: file.read()), define("copy", "1", write)

    async def waits(path: str) -> Any:
        return await evaluate(form(read(File(path)), copy))

    plain = define("plain", "1", lambda path: form(read(File(path)), copy))
    for main in (plain, define("waits", "1", waits)):
        run(main(str(tmp_path / "in.txt")))
        assert origins(store, "copy") == {"read", main.name}
        (tmp_path / "in.txt").write_text("read again")
    assert not verify(project, store).findings


@pytest.mark.parametrize("form", [by_promises, by_steps], ids=["promises", "steps"])
def test_they_are_recorded_and_run_again_when_what_they_ask_for_has_changed(
    run: Run, store: GraphStore, project: Project, form: Callable[[Any], Any]
) -> None:
    def root(version: str) -> Any:
        leaf = define("leaf", version, lambda n: n + int(version))
        return define("root", "1", lambda: total(form(leaf)))()

    with pytest.raises(DryRunResult) as planned:
        run(root("1"), dryrun=True)
    assert [call.task for call in planned.value.calls] == ["caching.root"]
    for version, wanted in (("1", 2 + 20 + 23), ("2", 3 + 20 + 25)):
        assert run(root(version)) == wanted
        assert run.counts["caching.leaf"] == {"DONE": 2}  # type: ignore[attr-defined]
        assert run(root(version)) == wanted
        assert run.counts == {"caching.root": {"CACHED": 1}}  # type: ignore[attr-defined]
        assert run(root(version), dryrun=True) == wanted
    assert not verify(project, store).findings
    text = "MATCH (j:Job {task_name: 'caching.root'}) WITH j ORDER BY j.started DESC LIMIT 1 RETURN j.id"
    [(job,)] = store.ask(text, {}, timeout=30, limit=10).rows
    traced = trace(store, Found("job", job, "a job"))
    names = sorted(call.task for call in traced.calls.values())
    assert names == [
        "caching.leaf",
        "caching.leaf",
        "caching.root",
        "promised_recorded.refuse",
        "promised_recorded.total",
    ]
