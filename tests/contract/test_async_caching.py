"""What is reused of async tasks, and what they are recorded to have come from: on both stores."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.store import open_store
from headwater.engine.recorder import Recorder
from hypothesis import given
from hypothesis import strategies as st

from headwater import (
    Cancelled,
    ContentFile,
    File,
    Project,
    Scheduler,
    TaskTimeout,
    evaluate,
    get_context,
    no_prov,
)
from tests.contract.conftest import Run, define
from tests.engine import workflows
from tests.engine.workflows import awaited, descriptions, plain
from tests.properties import tries


def family(ran: list[str], *, load: str = "1", use: str = "1", **options: Any) -> Any:
    """A body that awaits `load`, works, awaits `use` of that, and returns a call of `last`."""

    def run_load(n: int) -> int:
        ran.append("load")
        return n * int(load)

    def run_use(n: int) -> int:
        ran.append("use")
        return n + int(use)

    def run_last(n: int) -> int:
        ran.append("last")
        return -n

    loads, uses, last = (
        define("load", load, run_load),
        define("use", use, run_use),
        define("last", "1", run_last),
    )

    async def main(n: int) -> Any:
        ran.append("main")
        loaded = await evaluate(loads(n))
        used = await evaluate(uses(loaded % 10))
        return last(used)

    return define("main", "1", main, **options)


def test_a_second_run_executes_nothing(run: Run, ran: list[str]) -> None:
    for _ in range(2):
        assert run(family(ran)(3)) == -4
    assert ran == ["main", "load", "use", "last"]
    assert run.counts == {"caching.main": {"CACHED": 1}}  # type: ignore[attr-defined]


def test_after_a_change_the_body_and_what_depends_on_it_run(run: Run, ran: list[str]) -> None:
    run(family(ran)(3))
    ran.clear()
    assert run(family(ran, use="5")(3)) == -8
    assert ran == ["main", "use", "last"]
    ran.clear()
    assert run(family(ran, load="11", use="5")(3)) == -8
    assert ran == ["main", "load"], "what it loaded came to the same"
    ran.clear()
    assert run(family(ran)(3)) == -4
    assert ran == [], "what the first run recorded holds again"
    assert run(family(ran, use="5")(3)) == -8
    assert ran == []
    assert run(family(ran, load="11")(3)) == -4
    assert ran == ["main"], "no run had both, and what it awaits is there"


@pytest.mark.parametrize("kind", ["code", "file", "unrecorded"])
def test_where_a_change_is_taken_back_a_body_does_not_run(
    run: Run, ran: list[str], tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "input.txt"
    state = ""

    def read(file: ContentFile) -> str:
        return str(file.read())

    def add(text: str) -> str:
        return text if kind == "file" else state

    async def body() -> str:
        ran.append("body")
        text = await evaluate(define("read", "1", read)(ContentFile(str(path))))
        return await evaluate(adds(text))

    def above() -> list[str]:
        whole = define("body", kind, body)()
        return [no_prov(whole) if kind == "unrecorded" else whole]

    counts = []
    for state in "aabbabcaab":
        path.write_text(state if kind == "file" else "same")
        adds = define("add", "1" if kind == "file" else state, add)
        ran.clear()
        assert run(define("above", kind, above)()) == [state]
        counts.append(len(ran))
    assert counts == [1, 0, 1, 0, 0, 0, 1, 0, 0, 0]


def test_a_shallow_check_sees_the_code_of_what_was_awaited(run: Run, ran: list[str]) -> None:
    run(family(ran, check_valid="shallow")(3))
    ran.clear()
    assert run(family(ran, check_valid="shallow")(3)) == -4
    assert ran == []
    assert run(family(ran, use="2", check_valid="shallow")(3)) == -5
    assert ran == ["main", "use", "last"]


def test_a_caller_of_an_async_task_sees_what_changed_below_it(run: Run, ran: list[str]) -> None:
    def workflow(**versions: str) -> Any:
        body = family(ran, **versions)
        return define("above", "1", lambda n: [body(n)])

    assert run(workflow()(3)) == [-4]
    ran.clear()
    assert run(workflow()(3)) == [-4]
    assert ran == []
    assert run(workflow(use="2")(3)) == [-5]
    assert ran == ["main", "use", "last"]


def test_a_file_that_an_awaited_call_read_runs_exactly_what_depends_on_it(
    run: Run, ran: list[str], tmp_path: Path
) -> None:
    paths = [tmp_path / f"{n}.txt" for n in range(2)]
    for path in paths:
        path.write_text("1")

    def read(file: File) -> int:
        ran.append(f"read {Path(file.path).stem}")
        return int(file.read())

    def double(n: int) -> int:
        ran.append(f"double {n}")
        return 2 * n

    reads, doubles = define("read", "1", read), define("double", "1", double)

    async def one(path: str) -> int:
        ran.append(f"one {Path(path).stem}")
        return await evaluate(doubles(await evaluate(reads(File(path)))))

    ones = define("one", "1", one)

    async def main(names: list[str]) -> int:
        ran.append("main")
        return sum(await asyncio.gather(*map(ones, names)))

    both = define("both", "1", main)
    names = [str(path) for path in paths]
    assert run(both(names)) == 4
    ran.clear()
    assert run(both(names)) == 4
    assert ran == []
    paths[1].write_text("30")
    assert run(both(names)) == 62
    assert ran == ["main", "one 1", "read 1", "double 30"]
    ran.clear()
    assert run(both(names)) == 62
    assert ran == []
    paths[1].unlink()
    with pytest.raises(FileNotFoundError):
        run(both(names))


def test_a_file_that_was_awaited_and_changed_before_it_was_read_is_not_taken_for_what_it_was(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "input.txt"
    path.write_text("one")
    at = path.stat()
    edits = ["two"]

    def find() -> File:
        return File(str(path))

    async def main() -> str:
        file = await evaluate(define("find", "1", find)())
        if edits:
            path.write_text(edits.pop())
        return str(file.read())

    assert run(define("reads_late", "1", main)()) == "two"
    path.write_text("one")
    os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert run(define("reads_late", "1", main)()) == "one"


def test_one_thread_looks_at_the_far_files_of_all_calls(run: Run, ran: list[str], bucket: str) -> None:
    for n in range(20):
        File(f"s3://{bucket}/{n}").write(f"{n}")
    edits = ["another"]

    async def read(file: File) -> str:
        ran.append(file.basename())
        if file.basename() == "7" and edits:
            File(file.path).write(edits.pop())
        return str(file.read())

    reads = define("read", "1", read)

    def main() -> Any:
        return [reads(File(f"s3://{bucket}/{n}")) for n in range(20)]

    most, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.0005):
            found = sum(thread.name == "headwater-look" for thread in threading.enumerate())
            most.append(max(most.pop(), found))

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert run(define("main", "1", main)())[6:9] == ["6", "another", "8"]
    done.set()
    watcher.join()
    assert most == [1]
    File(f"s3://{bucket}/7").write("7")
    ran.clear()
    assert run(define("main", "1", main)())[6:9] == ["6", "7", "8"], "what changed meanwhile is not reused"
    assert ran == ["7"]


def test_a_look_that_fails_leaves_no_call_waiting(
    run: Run, ran: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(2):
        File(f"memory://{tmp_path.name}/{n}").write(f"{n}")
    look, fails = Recorder.look, [True]

    def fail_once(self: Recorder, files: Sequence[Any]) -> set[bytes]:
        if fails:
            fails.pop()
            raise RuntimeError("no more threads")
        return look(self, files)

    async def read(file: File) -> str:
        ran.append(file.basename())
        return str(file.read())

    reads = define("read", "1", read)

    async def both() -> list[str]:
        return [await evaluate(reads(File(f"memory://{tmp_path.name}/{n}"))) for n in range(2)]

    monkeypatch.setattr(Recorder, "look", fail_once)
    for _ in range(2):
        assert run(define("both", "1", both)()) == ["0", "1"]
    assert ran == ["0", "1", "0"], "nobody knows whether the first is what it was"


def test_what_time_decided_is_not_reused(run: Run, ran: list[str]) -> None:
    async def slow(n: int) -> int:
        await asyncio.sleep(n)
        return n

    slows = define("slow", "1", slow)

    async def impatient(n: int) -> str:
        ran.append("impatient")
        try:
            await asyncio.wait_for(evaluate(slows(n)), 0.05)
        except asyncio.TimeoutError:
            return "late"
        return "in time"

    async def first(n: int) -> int:
        ran.append("first")
        calls = [asyncio.create_task(slow) for slow in (slows(n), slows(0))]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()

    for _ in range(2):
        assert run(define("impatient", "1", impatient)(50)) == "late"
        assert run(define("first", "1", first)(60)) == 0
    assert ran == ["impatient", "first"] * 2


def test_what_was_made_of_a_failure_is_reused_unless_circumstances_made_it(run: Run, ran: list[str]) -> None:
    def fail(n: int) -> int:
        ran.append("fail")
        raise ValueError(n)

    async def hang(n: int) -> None:
        await asyncio.sleep(1000)

    def workflow(failing: Any) -> Any:
        async def careful(n: int) -> str:
            ran.append("careful")
            try:
                await failing(n)
            except (ValueError, TaskTimeout) as error:
                return type(error).__name__
            return "fine"

        return careful

    for _ in range(2):
        assert run(define("careful", "1", workflow(define("fail", "1", fail)))(1)) == "ValueError"
    assert ran == ["careful", "fail"]
    ran.clear()
    for _ in range(2):
        assert (
            run(define("careful", "2", workflow(define("hang", "1", hang, timeout=0.1)))(1)) == "TaskTimeout"
        )
    assert ran == ["careful"] * 2
    ran.clear()
    fixed = define("fail", "2", lambda n: n)
    assert run(define("careful", "1", workflow(fixed))(1)) == "fine"


def test_a_run_that_failed_half_way_takes_up_what_it_had(run: Run, ran: list[str]) -> None:
    ready: list[int] = []

    def load(n: int) -> int:
        ran.append("load")
        return n

    def risky(n: int) -> int:
        if not ready:
            raise OSError("not yet")
        return n

    async def main(n: int) -> Any:
        return await evaluate(define("risky", "1", risky)(await evaluate(define("load", "1", load)(n))))

    with pytest.raises(OSError, match="not yet"):
        run(define("resumes", "1", main)(1))
    ready.append(1)
    assert run(define("resumes", "1", main)(1)) == 1
    assert ran == ["load"]


def test_the_context_counts_where_a_body_reads_it(run: Run, ran: list[str]) -> None:
    async def reads(n: int) -> Any:
        ran.append("reads")
        return n * await get_context("rate", 1)

    reader = define("reads_context", "1", reads)
    assert run(reader(2), context={"rate": 3, "other": 1}) == 6
    assert run(reader(2), context={"rate": 3, "other": 2}) == 6
    assert run(reader(2), context={"rate": 4}) == 8
    assert ran == ["reads"] * 2


def test_a_body_that_awaits_nothing_is_opened_like_any_other(run: Run, ran: list[str]) -> None:
    def workflow(version: str) -> Any:
        leaf = define("leaf", version, lambda n: n + int(version))

        async def body(n: int) -> Any:
            ran.append("body")
            return leaf(n)

        return define("lazy_body", "1", body)

    assert run(workflow("1")(1)) == 2
    assert run(workflow("2")(1)) == 3
    assert ran == ["body"]


def test_a_cancelled_call_below_a_body_leaves_nothing_open(project: Project) -> None:
    async def hang(n: int) -> None:
        await asyncio.sleep(1000)

    hangs = define("hang", "3", hang)

    async def main(n: int) -> Any:
        scheduler.cancel()
        return await evaluate(hangs(n))

    scheduler = Scheduler(project)
    with pytest.raises(Cancelled):
        scheduler.run(define("cancelled", "1", main)(1))
    scheduler.wait_recorded()
    store = open_store(project)
    rows = store.ask("MATCH (j:Job) RETURN j.task_name, j.status", {}, timeout=30, limit=10).rows
    store.close()
    assert {status for _, status in rows} == {"CANCELLED"}


@tries(12)
@given(descriptions, st.integers(0, 3), st.integers(0, 3))
def test_cached_equals_recomputed_before_and_after_a_change(
    project: Project, description: Any, before: int, after: int
) -> None:
    try:
        for shift in (before, before, after, before):
            workflows.redefine(shift)
            scheduler = Scheduler(project)
            assert scheduler.run(awaited(description)) == plain(description)
            scheduler.wait_recorded()
    finally:
        workflows.restore()


@st.composite
def cell_graphs(draw: st.DrawFn) -> tuple[list[list[int]], list[int], int]:
    """Cells that take values of earlier ones: which, modulo what each gives its value, and which one is to change."""
    size = draw(st.integers(2, 6))
    inputs = [
        draw(st.lists(st.integers(0, i - 1), max_size=3, unique=True)) if i else [] for i in range(size)
    ]
    return (
        inputs,
        draw(st.lists(st.integers(1, 3), min_size=size, max_size=size)),
        draw(st.integers(0, size - 1)),
    )


NUMBERS = itertools.count()


@tries(12)
@given(cell_graphs(), st.booleans())
def test_after_a_change_exactly_the_dependants_run(project: Project, graph: Any, at_once: bool) -> None:
    inputs, modulos, changed = graph
    name = f"cells{next(NUMBERS)}"
    ran: list[int] = []

    def value_of(cell: int, version: int, values: Sequence[int]) -> int:
        return (sum(values) + cell + 2 * version) % modulos[cell]

    def model(versions: Sequence[int]) -> list[int]:
        values: list[int] = []
        for cell, taken in enumerate(inputs):
            values.append(value_of(cell, versions[cell], [values[i] for i in taken]))
        return values

    def run(versions: Sequence[int]) -> tuple[list[int], list[int]]:
        def cell_task(cell: int) -> Any:
            def compute(*values: int) -> int:
                ran.append(cell)
                return value_of(cell, versions[cell], values)

            return define(f"{name}_{cell}", str(versions[cell]), compute)

        cells = [cell_task(cell) for cell in range(len(inputs))]

        async def main(n: int) -> list[int]:
            begun: list[asyncio.Task[int]] = []

            async def one(cell: int) -> int:
                return int(await evaluate(cells[cell](*[await begun[i] for i in inputs[cell]])))

            for cell in range(len(inputs)):
                begun.append(asyncio.create_task(one(cell)))
                if not at_once:
                    await begun[-1]
            return [await task for task in begun]

        ran.clear()
        scheduler = Scheduler(project)
        found = scheduler.run(define(name, "1", main)(1))
        scheduler.wait_recorded()
        return found, sorted(ran)

    before = [0] * len(inputs)
    after = [int(cell == changed) for cell in range(len(inputs))]
    assert run(before) == (model(before), list(range(len(inputs))))
    assert run(before) == (model(before), [])
    was, will = model(before), model(after)
    dependants = [
        c for c, taken in enumerate(inputs) if c == changed or any(was[i] != will[i] for i in taken)
    ]
    assert run(after) == (will, dependants)
    assert run(after) == (will, [])
