"""Handles: which steps run again when earlier ones change, on both stores."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from headwater import (
    CallError,
    Scheduler,
    Unrecordable,
    catch,
    identity,
    merge_handles,
    no_prov,
    subrun,
)
from tests.contract import handle_tasks
from tests.contract.conftest import Run, define
from tests.contract.handle_tasks import Database, pipeline, stepper

headwater_namespace = "handles"

Step = Callable[..., Any]


@pytest.fixture
def step(ran: list[str]) -> Step:
    return stepper(ran)


@pytest.fixture
def runs(run: Run, ran: list[str]) -> Callable[[Any], list[str]]:
    """What an expression runs."""

    def evaluate(expression: Any) -> list[str]:
        ran.clear()
        run(expression)
        return list(ran)

    return evaluate


Runs = Callable[[Any], list[str]]


def test_a_warm_run_runs_nothing(runs: Runs, step: Step) -> None:
    assert runs(pipeline(step, "1", "1", "1")) == ["step1", "step2", "step3"]
    assert runs(pipeline(step, "1", "1", "1")) == []


def test_a_pipeline_that_is_extended_runs_the_new_step_alone(runs: Runs, step: Step) -> None:
    runs(pipeline(step, "1", "1"))
    assert runs(pipeline(step, "1", "1", "1")) == ["step3"]
    assert runs(pipeline(step, "1", "1", "1")) == []


def test_a_changed_step_runs_again_with_those_after_it_and_so_it_does_when_it_is_changed_back(
    runs: Runs, step: Step
) -> None:
    runs(pipeline(step, "1", "1", "1"))
    assert runs(pipeline(step, "1", "2", "1")) == ["step2", "step3"]
    assert runs(pipeline(step, "1", "2", "1")) == []
    assert runs(pipeline(step, "1", "1", "1")) == ["step2", "step3"], "no going back without rebuilding"
    assert runs(pipeline(step, "1", "1", "1")) == []


def test_a_shortened_pipeline_runs_nothing_and_does_not_roll_back(runs: Runs, step: Step) -> None:
    runs(pipeline(step, "1", "1", "1"))
    assert runs(pipeline(step, "1", "1")) == []
    assert runs(pipeline(step, "1", "1", "1")) == []


def test_a_call_that_only_took_a_state_runs_again_with_it(runs: Runs, step: Step, ran: list[str]) -> None:
    def count(handle: Any) -> int:
        ran.append("count")
        return 5

    def flow(version: str) -> Any:
        counting, first = define("count", "1", count), step("first", version)
        return define("counted", "1", lambda: counting(first(Database("counted"))))()

    assert runs(flow("1")) == ["first", "count"]
    assert runs(flow("1")) == []
    assert runs(flow("2")) == ["first", "count"]
    assert runs(flow("1")) == ["first", "count"]
    assert runs(flow("1")) == []


def test_each_call_that_takes_a_state_has_a_branch_of_its_own(runs: Runs, step: Step) -> None:
    def flow(a: str, b: str) -> Any:
        left, right = step("left", a), step("right", b)

        def body() -> Any:
            handle = Database("branches")
            return [left(handle), right(handle)]

        return define("branches", "1", body)()

    assert sorted(runs(flow("1", "1"))) == ["left", "right"]
    assert runs(flow("1", "2")) == ["right"]
    assert runs(flow("2", "2")) == ["left"]
    assert runs(flow("1", "2")) == ["left"]
    assert runs(flow("1", "2")) == []


def test_named_forks_keep_their_names_whatever_comes_before_them(runs: Runs, step: Step) -> None:
    def flow(*names: str) -> Any:
        steps = [(name, step(name)) for name in names]

        def body() -> Any:
            handle = Database("named")
            return [one(handle.fork(name)) for name, one in steps]

        return define("named", "-".join(names), body)()

    def unnamed(*names: str) -> Any:
        steps = [step(name) for name in names]
        return define("unnamed", "-".join(names), lambda: [one(Database("unnamed")) for one in steps])()

    runs(flow("b", "c"))
    assert runs(flow("a", "b", "c")) == ["a"]
    runs(unnamed("b", "c"))
    assert sorted(runs(unnamed("a", "b", "c"))) == ["a", "b", "c"], "by number they move"


def test_a_lazy_state_can_be_forked_too(runs: Runs, step: Step) -> None:
    def flow(b: str) -> Any:
        first, left, right = step("first"), step("left"), step("right", b)

        def body() -> Any:
            handle = first(Database("lazy forks"))
            return [left(handle.fork("left")), right(handle.fork("right"))]

        return define("lazy_forks", "1", body)()

    assert len(runs(flow("1"))) == 3
    assert runs(flow("1")) == []
    assert runs(flow("2")) == ["right"]


def test_merged_branches_are_one_state_that_depends_on_each(runs: Runs, step: Step) -> None:
    def flow(*versions: str) -> Any:
        steps = [step(f"part{n}", version) for n, version in enumerate(versions)]
        last = step("last")

        def body() -> Any:
            handle = Database("merged")
            parts = [one(handle.fork(str(n))) for n, one in enumerate(steps)]
            return last(merge_handles(parts))

        return define("merged", "1", body)()

    assert len(runs(flow("1", "1", "1"))) == 4
    assert runs(flow("1", "1", "1")) == []
    assert runs(flow("1", "2", "1")) == ["part1", "last"]
    assert runs(flow("1", "1", "1")) == ["part1", "last"]
    assert runs(flow("1", "1", "1")) == []


@pytest.mark.parametrize(
    ("merged", "told"),
    [
        (5, "a list of handles is needed, not 5"),
        (Database("one"), "a list of handles is needed, not Database"),
        ([], "a list of handles is needed, and it is empty"),
        ([Database("one"), 5], "a int is among them"),
        ([Database("one"), Database("other")], "no branches of one handle"),
    ],
)
def test_what_is_no_list_of_branches_of_a_handle_is_not_merged(merged: Any, told: str) -> None:
    with pytest.raises(CallError, match=told):
        merge_handles(merged)
    with pytest.raises(CallError, match=told):
        Scheduler(record=False).run(merge_handles(identity(merged)))


def test_a_step_that_failed_runs_again_and_nothing_before_it(runs: Runs, step: Step, ran: list[str]) -> None:
    def flow(version: str) -> Any:
        def breaks(handle: Any) -> Any:
            ran.append("breaks")
            raise OSError("no disk")

        first = step("first")
        middle = define("middle", "bad", breaks) if version == "bad" else step("middle", version)
        last = step("last")
        return define("failing", "1", lambda: last(middle(first(Database("failing")))))()

    runs(flow("good"))
    with pytest.raises(OSError, match="no disk"):
        runs(flow("bad"))
    assert ran == ["breaks"]
    assert runs(flow("good")) == ["middle", "last"], "the step that failed may have changed anything"
    assert runs(flow("good")) == []


def test_a_failure_that_is_caught_rolls_back_as_well(runs: Runs, step: Step, ran: list[str]) -> None:
    def flow(version: str) -> Any:
        def breaks(handle: Any) -> Any:
            raise OSError

        def save(error: Any) -> str:
            return "saved"

        first, last = step("first"), step("last")
        middle = define("middle", "bad", breaks) if version == "bad" else step("middle", version)
        saving = define("saving", "1", save)
        return define(
            "catching", "1", lambda: catch(last(middle(first(Database("caught")))), OSError, saving)
        )()

    runs(flow("good"))
    runs(flow("bad"))
    assert runs(flow("good")) == ["middle", "last"]


def test_a_task_that_is_handed_a_handle_rolls_back_what_is_under_it_when_it_runs_again(
    runs: Runs, step: Step, ran: list[str]
) -> None:
    def flow(version: str, under: str = "1") -> Any:
        one, two = step("one"), step("two", under)

        def both(handle: Any) -> Any:
            ran.append("both")
            return two(one(handle))

        group = define("both", version, both)
        return define("handing", "1", lambda: group(Database("handed")))()

    assert runs(flow("1")) == ["both", "one", "two"]
    assert runs(flow("1")) == []
    assert runs(flow("1", "2")) == ["two"], "what it returned is known, so it need not run"
    assert runs(flow("2", "2")) == ["both", "one", "two"], "it may have changed the database itself"
    assert runs(flow("2", "2")) == []


def test_a_step_before_a_group_rolls_back_the_whole_group(runs: Runs, step: Step, ran: list[str]) -> None:
    def flow(version: str) -> Any:
        zero, one = step("zero", version), step("one")

        def both(handle: Any) -> Any:
            ran.append("both")
            return one(handle)

        group = define("both", "1", both)
        return define("before", "1", lambda: group(zero(Database("before"))))()

    runs(flow("1"))
    runs(flow("2"))
    assert runs(flow("1")) == ["zero", "both", "one"]


def test_a_task_that_makes_its_handle_gives_the_state_that_it_made(
    runs: Runs, step: Step, ran: list[str]
) -> None:
    def flow(version: str) -> Any:
        def open_it() -> Any:
            ran.append("open")
            return Database("made inside")

        opening, use = define("open", version, open_it), step("use")
        return define("opening", "1", lambda: use(opening()))()

    assert runs(flow("1")) == ["open", "use"]
    assert runs(flow("2")) == ["open", "use"]
    assert runs(flow("1")) == ["open", "use"]
    assert runs(flow("1")) == []


class Pair(NamedTuple):
    handle: Any
    count: int


def test_handles_are_found_where_lazy_values_are(runs: Runs, step: Step, ran: list[str]) -> None:
    def flow(version: str) -> Any:
        def split(pair: Any) -> Any:
            ran.append("split")
            return {"x": [Pair(pair.handle, 1)]}

        splitting = define("split", version, split)
        last = step("last")
        return define("nested", "1", lambda: last(splitting(Pair(Database("nested"), 1))["x"][0].handle))()

    assert runs(flow("1")) == ["split", "last"]
    assert runs(flow("1")) == []
    assert runs(flow("2")) == ["split", "last"]
    assert runs(flow("1")) == ["split", "last"]


class Box:
    def __init__(self, handle: Any) -> None:
        self.handle = handle


def test_a_handle_inside_an_object_is_refused_on_the_way_in_and_out(run: Run, step: Step) -> None:
    def boxed(handle: Any) -> Any:
        return Box(handle)

    with pytest.raises(Unrecordable, match="inside an object"):
        run(step("take")(Box(Database("boxed"))))
    with pytest.raises(Unrecordable, match="inside an object"):
        run(define("boxed", "1", boxed)(Database("boxed")))


def test_a_handle_does_not_go_into_calls_that_are_not_recorded(run: Run, step: Step) -> None:
    with pytest.raises(CallError, match="not recorded"):
        run(no_prov(step("quiet")(Database("quiet"))))
    with pytest.raises(CallError, match="not recorded"):
        run(step("quiet")(Database("quiet")), prov=False)


def test_a_handle_counts_and_cannot_be_a_config_arg(run: Run, ran: list[str]) -> None:
    taking = define("configured", "1", lambda handle: None, config_args=["handle"])
    with pytest.raises(CallError, match="config_args"):
        run(define("configuring", "1", lambda: taking(Database("configured")))())


def test_one_call_that_takes_a_state_twice_takes_one(runs: Runs, ran: list[str], step: Step) -> None:
    def both(one: Any, other: Any) -> bool:
        ran.append("both")
        return bool(one == other)

    taking, first = define("twice", "1", both), step("first")

    def body() -> Any:
        handle = first(Database("twice"))
        return taking(handle, handle)

    assert runs(define("taking_twice", "1", body)()) == ["first", "both"]
    assert runs(define("taking_twice", "1", body)()) == []


def test_a_task_may_be_tried_again_with_the_same_state(runs: Runs, ran: list[str]) -> None:
    def shaky(handle: Any) -> Any:
        ran.append("shaky")
        if len(ran) == 1:
            raise OSError
        return handle

    shaking = define("shaky", "1", shaky, retries=1)
    main = define("shaking", "1", lambda: shaking(Database("shaky")))
    assert runs(main()) == ["shaky", "shaky"]
    assert runs(main()) == []


def test_what_is_kept_from_a_result_goes_on_in_another_run(run: Run, runs: Runs, step: Step) -> None:
    one, two = step("one"), step("two")
    state = run(one(Database("kept")))
    assert runs(two(state)) == ["two"]
    assert runs(two(state)) == []
    run(step("one", "2")(Database("kept")))
    assert runs(two(state)) == ["two"], "the state before was left since"


def test_async_tasks_pass_handles_on(runs: Runs, step: Step, ran: list[str]) -> None:
    def flow(version: str) -> Any:
        one, two = step("one", version), step("two")

        async def body() -> Any:
            handle = await one(Database("async"))
            return await two(handle)

        return define("async_flow", "1", body)()

    assert runs(flow("1")) == ["one", "two"]
    assert runs(flow("1")) == []
    assert runs(flow("2")) == ["one", "two"]
    assert runs(flow("1")) == ["one", "two"]
    assert runs(flow("1")) == []


def test_each_task_opens_the_handle_for_itself(run: Run, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def write(handle: Any) -> Any:
        handle.execute("CREATE TABLE IF NOT EXISTS t (n)")
        handle.execute("INSERT INTO t VALUES (1)")
        handle.commit()
        seen.append((threading.get_ident(), id(handle.instance)))
        return handle

    writing = define("write", "1", write)
    path = str(tmp_path / "some.db")
    main = define("opening_twice", "1", lambda: writing(writing(Database("opened", path))))
    handle = run(main())
    assert handle.execute("SELECT count(*) FROM t").fetchone() == (2,)
    assert handle.path == path


@pytest.mark.parametrize("executor", ["default", "process"])
def test_a_real_database_is_rebuilt_on_threads_and_in_processes(
    run: Run, tmp_path: Path, executor: str
) -> None:
    path = tmp_path / "numbers.db"
    flow = handle_tasks.flow(str(path), executor)
    assert run(flow(3)) == [0, 1, 2]
    assert handle_tasks.writes(path) == 3
    assert run(flow(3)) == [0, 1, 2]
    assert handle_tasks.writes(path) == 3
    assert run(flow(4)) == [0, 1, 2, 3]
    assert handle_tasks.writes(path) == 4
    with handle_tasks.changed():
        assert run(handle_tasks.flow(str(path), "default")(4)) == [0, 10, 2, 3]
        assert handle_tasks.writes(path) == 7
    assert run(handle_tasks.flow(str(path), "default")(4)) == [0, 1, 2, 3]
    assert handle_tasks.writes(path) == 10


def test_a_run_inside_makes_states_that_the_run_above_goes_on_with(
    runs: Runs, step: Step, ran: list[str]
) -> None:
    def flow(version: str, *, new: bool) -> Any:
        one, two = step("one", version), step("two")

        def body() -> Any:
            inner = subrun(one(Database(f"inner {new}")), "default", new_execution=new)
            return two(inner)

        return define(f"around_{new}", "1", body)()

    for new in (False, True):
        assert runs(flow("1", new=new)) == ["one", "two"]
        assert runs(flow("1", new=new)) == []
        assert runs(flow("2", new=new)) == ["one", "two"]
        assert runs(flow("1", new=new)) == ["one", "two"]
        assert runs(flow("1", new=new)) == []


def test_outside_a_project_handles_are_values_like_any(step: Step, ran: list[str]) -> None:
    assert isinstance(Scheduler(None).run(pipeline(step, "1", "1")), Database)
    assert ran == ["step1", "step2"]


@pytest.mark.parametrize("executor", ["default", "process"])
def test_outside_a_project_processes_give_handles_as_threads_do(tmp_path: Path, executor: str) -> None:
    flow = handle_tasks.flow(str(tmp_path / "numbers.db"), executor)
    assert Scheduler(record=False).run(flow(3)) == [0, 1, 2]
