"""What a workflow evaluates to: the rules of reduction, outside any project."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given

from headwater import (
    CacheScope,
    CallError,
    JobInfo,
    Scheduler,
    Task,
    TaskDefinitionError,
    Unrecordable,
    catch,
    cond,
    quote,
    run,
    seq,
    task,
    throw,
)
from tests.engine.workflows import descriptions, lazy, plain
from tests.properties import tries
from tests.waiting import wait_for

headwater_namespace = "reduction"


@task
def inc(x: int) -> int:
    return x + 1


@task
def add(a: int, b: int) -> int:
    return a + b


@task
def total(values: Any) -> int:
    return sum(values)


@task
def fail(message: str) -> int:
    raise ValueError(message)


@task
def countdown(n: int) -> int:
    return n if n == 0 else countdown(n - 1)


@tries(150)
@given(descriptions)
def test_a_workflow_gives_what_a_plain_evaluation_gives(description: Any) -> None:
    assert Scheduler(record=False).run(lazy(description)) == plain(description)


def test_a_call_is_lazy_and_its_function_can_be_run_directly() -> None:
    ran = []

    @task(namespace="reduction")
    def noted() -> int:
        ran.append(1)
        return 1

    noted()
    assert ran == []
    assert noted.func() == 1


def test_any_nested_value_can_be_run(scheduler: Scheduler) -> None:
    assert scheduler.run({"a": [inc(1), (inc(2), {3})], inc(3): "key"}) == {"a": [2, (3, {3})], 4: "key"}
    assert scheduler.run([1, 2]) == [1, 2]
    assert scheduler.run(5) == 5


def test_expressions_are_found_in_frozen_dataclasses(scheduler: Scheduler) -> None:
    assert scheduler.run(Point(inc(1), 5)) == Point(2, 5)


@dataclass(frozen=True)
class Point:
    x: int
    y: int


def test_operators_items_and_attributes_are_lazy(scheduler: Scheduler) -> None:
    one, two = inc(0), inc(1)
    assert scheduler.run(
        [
            one + two,
            10 - two,
            two * 3,
            two / 4,
            7 // two,
            -two,
            abs(-two),
            two**3,
            one < two,
            one == 1,
            two % 2,
        ]
    ) == [3, 8, 6, 0.5, 3, -2, 2, 8, True, True, 0]
    assert scheduler.run(point(1).x + point(1).y) == 3
    assert scheduler.run(numbers()[1:]) == [2, 3]
    assert scheduler.run((one == 1) & two) == 2


@task
def point(x: int) -> Point:
    return Point(x, x + 1)


@task
def numbers() -> list[int]:
    return [1, 2, 3]


def test_a_call_that_does_not_fit_fails_where_it_is_made() -> None:
    with pytest.raises(CallError, match=r"reduction.inc\(x"):
        inc()  # type: ignore[call-arg]
    with pytest.raises(CallError, match="unexpected keyword"):
        inc(1, y=2)  # type: ignore[call-arg]


def test_results_with_a_known_number_of_items_can_be_unpacked(scheduler: Scheduler) -> None:
    first, second = halves(7)
    assert scheduler.run([second, first]) == [4, 3]
    a, b, c = numbers.options(nout=3)()
    assert scheduler.run(a + b + c) == 6
    assert list(task(namespace="reduction", nout=0)(numbers.func)()) == []


@task
def halves(n: int) -> tuple[int, int]:
    return n // 2, n - n // 2


@pytest.mark.parametrize("nout", [-1, "2", True])
def test_a_senseless_nout_is_refused(nout: Any) -> None:
    with pytest.raises(TaskDefinitionError):
        task(nout=nout)(inc.func)


def test_a_default_argument_may_be_an_expression(scheduler: Scheduler) -> None:
    @task(namespace="reduction")
    def later(x: int = inc(41)) -> int:
        return x

    assert scheduler.run([later(), later(1)]) == [42, 1]


def test_positional_and_keyword_spellings_are_one_call(scheduler: Scheduler) -> None:
    assert scheduler.run([add(1, 2), add(b=2, a=1), add(1, b=2)]) == [3, 3, 3]
    assert scheduler.progress().counts["reduction.add"] == {"DONE": 1}


def test_varargs_keywords_and_keyword_only_parameters_are_passed_on(scheduler: Scheduler) -> None:
    @task(namespace="reduction")
    def spread(a: int, /, *rest: int, b: int = 5, **more: int) -> Any:
        return a, rest, b, more

    assert scheduler.run(spread(1, 2, inc(2), b=inc(3), z=1, y=inc(1))) == (1, (2, 3), 4, {"z": 1, "y": 2})
    assert scheduler.run(spread(1)) == (1, (), 5, {})


def test_tasks_return_expressions_to_any_depth(scheduler: Scheduler) -> None:
    assert scheduler.run(countdown(3000)) == 0

    @task(namespace="reduction")
    def nested(n: int) -> int:
        expression = inc(0)
        for _ in range(n - 1):
            expression = inc(expression)
        return expression

    assert scheduler.run(nested(3000)) == 3000


def test_a_call_that_needs_itself_fails_instead_of_hanging(scheduler: Scheduler) -> None:
    @task(namespace="reduction")
    def forever(n: int) -> int:
        return forever(n)

    with pytest.raises(CallError, match="never end"):
        scheduler.run(forever(1))


def test_equal_calls_run_once_within_a_run(scheduler: Scheduler) -> None:
    assert scheduler.run([inc(1), inc(inc(0)), total([inc(1), inc(1)])]) == [2, 2, 4]
    assert scheduler.progress().counts["reduction.inc"] == {"DONE": 2, "CACHED": 1}


def test_without_any_cache_scope_only_equal_expressions_of_one_parent_are_one(scheduler: Scheduler) -> None:
    ran: list[int] = []

    @task(namespace="reduction", cache_scope="NONE")
    def noted(x: int) -> int:
        ran.append(x)
        return x

    @task(namespace="reduction")
    def parent(n: int) -> list[int]:
        return [noted(7), noted(7)]

    assert scheduler.run([parent(1), parent(2)]) == [[7, 7], [7, 7]]
    assert ran == [7, 7]


def test_a_shared_expression_object_is_evaluated_once(scheduler: Scheduler) -> None:
    shared = inc(1)
    assert scheduler.run([shared, shared, add(shared, shared)]) == [2, 2, 4]
    assert scheduler.progress().counts["reduction.inc"] == {"DONE": 1}


def test_tasks_are_values(scheduler: Scheduler) -> None:
    @task(namespace="reduction")
    def apply(function: Task[Any, Any], x: int) -> Any:
        return function(x)

    @task(namespace="reduction")
    def choose() -> Any:
        return inc

    assert scheduler.run(apply(inc, 1)) == 2
    assert scheduler.run(choose()(5)) == 6


def test_branches_of_cond_stay_unevaluated(scheduler: Scheduler) -> None:
    assert scheduler.run(cond(inc(0) == 1, inc(10), fail("not chosen"))) == 11
    assert scheduler.run(cond(inc(0) == 2, fail("no"), inc(0) == 1, 5, fail("no"))) == 5
    assert scheduler.run(cond(False, 1)) is None


def test_catch_recovers_from_the_first_class_that_matches(scheduler: Scheduler) -> None:
    @task(namespace="reduction")
    def recovered(error: Exception) -> str:
        return f"caught {error}"

    assert scheduler.run(catch(fail("a"), KeyError, inc, (TypeError, ValueError), recovered)) == "caught a"
    assert scheduler.run(catch(inc(1), ValueError, recovered)) == 2
    assert scheduler.run(catch(throw(KeyError("k")), KeyError, recovered)) == "caught 'k'"
    with pytest.raises(ValueError, match="b"):
        scheduler.run(catch(fail("b"), KeyError, recovered))
    with pytest.raises(ZeroDivisionError):
        scheduler.run(catch(fail("c"), ValueError, crash))


@task
def crash(error: Exception) -> float:
    return 1 / 0


def test_a_seq_is_as_long_as_memory_goes() -> None:
    found = Scheduler(record=False).run(seq([inc(n) for n in range(100_000)]))
    assert (len(found), found[-1]) == (100_000, 100_000)


def test_seq_runs_one_after_the_other(scheduler: Scheduler) -> None:
    order: list[int] = []

    @task(namespace="reduction", cache=False)
    def note(n: int) -> int:
        time.sleep(0.01 * (3 - n))
        order.append(n)
        return n

    assert scheduler.run(seq([note(0), note(1), note(2)])) == [0, 1, 2]
    assert order == [0, 1, 2]


def test_a_quoted_expression_is_a_value(scheduler: Scheduler) -> None:
    @task(namespace="reduction")
    def size(quoted: Any) -> str:
        return repr(quoted.expression)

    assert scheduler.run(size(quote(inc(1)))) == "reduction.inc(1)"


def test_a_quoted_expression_is_evaluated_where_it_is_asked_for(scheduler: Scheduler) -> None:
    @task(name="opened")
    def opened(quoted: Any, wanted: bool) -> Any:
        return quoted.eval() if wanted else 0

    assert scheduler.run([opened(quote(inc(1)), True), opened(quote(inc(1)), False)]) == [2, 0]


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: lambda: 1, "result"),
        (lambda: [1, {"conn": threading.Lock()}], r"result\[1\]\['conn'\]"),
        (lambda: (i for i in range(3)), "result"),
    ],
)
def test_what_cannot_be_recorded_fails_its_task_and_can_be_caught(
    scheduler: Scheduler, make: Any, path: str
) -> None:
    @task(namespace="reduction", cache=False)
    def bad() -> Any:
        return make()

    with pytest.raises(Unrecordable, match=path):
        scheduler.run(bad())
    assert scheduler.progress().counts["reduction.bad"] == {"FAILED": 1}

    @task(namespace="reduction")
    def recovered(error: Unrecordable) -> str:
        return error.path

    assert scheduler.run(catch(bad(), Unrecordable, recovered)).startswith("result")


def test_an_argument_that_cannot_be_recorded_fails_the_run_with_its_name(scheduler: Scheduler) -> None:
    with pytest.raises(Unrecordable, match="x"):
        scheduler.run(inc(threading.Lock()))  # type: ignore[arg-type]


def test_the_failure_is_the_tasks_own_and_tells_the_way_to_it(scheduler: Scheduler) -> None:
    @task(namespace="reduction")
    def outer(n: int) -> int:
        return inc(fail(f"n={n}"))

    with pytest.raises(ValueError, match="n=3") as caught:
        scheduler.run(outer(3))
    text = str(caught.value.headwater_traceback)  # type: ignore[attr-defined]
    assert "reduction.outer(n=3)" in text
    assert "reduction.fail(message='n=3')" in text
    assert "raise ValueError(message)" in text
    assert "scheduler.py" not in text


def test_a_failure_lets_running_siblings_finish_and_starts_nothing_new(scheduler: Scheduler) -> None:
    finished: list[str] = []
    began = threading.Event()

    @task(namespace="reduction")
    def slow() -> str:
        began.set()
        wait_for(lambda: scheduler.progress().counts["reduction.soon"] == {"FAILED": 1}, 60)
        finished.append("slow")
        return "slow"

    @task(namespace="reduction")
    def after(x: str) -> str:
        finished.append("after")
        return x

    @task(namespace="reduction")
    def soon() -> int:
        began.wait(60)
        raise ValueError("soon")

    with pytest.raises(ValueError, match="soon"):
        scheduler.run([after(slow()), soon()])
    assert finished == ["slow"]
    counts = scheduler.progress().counts
    assert counts["reduction.slow"] == {"DONE": 1}
    assert counts["reduction.after"] == {"CANCELLED": 1}
    assert scheduler.run(inc(1)) == 2


def test_keep_going_runs_all_that_does_not_depend_on_the_failure(scheduler: Scheduler) -> None:
    with pytest.raises(ValueError, match="x"):
        scheduler.run([inc(fail("x")), inc(inc(1))], keep_going=True)
    counts = scheduler.progress().counts
    assert counts["reduction.inc"] == {"DONE": 2, "CANCELLED": 1}
    assert counts["reduction.fail"] == {"FAILED": 1}


def test_limits_bound_what_runs_at_once_and_are_given_back(scheduler: Scheduler) -> None:
    now, most = [0], [0]
    lock = threading.Lock()

    @task(namespace="reduction", limits=["db"])
    def limited(n: int) -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.005)
        with lock:
            now[0] -= 1
        if n == 3:
            raise ValueError("three")
        return n

    with pytest.raises(ValueError, match="three"):
        scheduler.run([limited(i) for i in range(8)], keep_going=True)
    assert most == [1]
    assert scheduler.run([limited(i) for i in range(3)]) == [0, 1, 2]


def test_a_finished_job_lets_go_of_its_arguments(scheduler: Scheduler) -> None:
    seen: list[Any] = []

    @task(namespace="reduction", cache_scope="NONE")
    def big() -> Thing:
        thing = Thing()
        seen.append(weakref.ref(thing))
        return thing

    @task(namespace="reduction")
    def use(thing: Thing) -> int:
        return 1

    @task(namespace="reduction")
    def check(n: int) -> int:
        # The thread that ran `big` may still be on its way out of handing its result over.
        wait_for(lambda: gc.collect() >= 0 and not any(ref() for ref in seen))
        return sum(ref() is not None for ref in seen)

    @task(namespace="reduction")
    def middle() -> int:
        return use(big())

    assert scheduler.run(check(middle())) == 0


class Thing:
    def __reduce__(self) -> Any:
        return Thing, ()


def test_job_info_is_filled_in_and_does_not_count(scheduler: Scheduler) -> None:
    @task(namespace="reduction")
    def who(n: int, info: JobInfo = JobInfo()) -> Any:
        return info.eval_hash is not None, info.execution_id

    assert scheduler.run(who(1)) == (True, None)


def test_config_args_do_not_count(scheduler: Scheduler) -> None:
    @task(namespace="reduction", config_args=["threads"])
    def work(n: int, threads: int = 1) -> int:
        return n

    assert scheduler.run([work(1, threads=2), [work(1, threads=3)]]) == [1, [1]]
    assert sum(scheduler.progress().counts["reduction.work"].values()) == 1
    with pytest.raises(TaskDefinitionError, match="thread"):
        task(config_args=["thread"])(work.func)


def test_run_is_a_shorthand() -> None:
    assert run(inc(1)) == 2


def test_a_thread_may_have_a_scheduler_of_its_own() -> None:
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda i=i: results.append(Scheduler(record=False).run(inc(i))))
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [1, 2, 3, 4]


def test_options_are_checked_with_the_nearest_match() -> None:
    with pytest.raises(TaskDefinitionError, match="Did you mean cache_scope"):
        task(cache_scop="CSE")(inc.func)  # type: ignore[call-overload]
    with pytest.raises(TaskDefinitionError, match="BACKEND"):
        task(cache_scope="backends")(inc.func)
    with pytest.raises(TaskDefinitionError, match="Did you mean executor"):
        inc.options(executer="process")
    assert task(cache=False)(inc.func).definition["cache_scope"] is CacheScope.CSE


def test_methods_cannot_be_tasks() -> None:
    with pytest.raises(TaskDefinitionError, match="method"):

        class Lab:
            @task
            def measure(self) -> int:
                return 1


@pytest.mark.parametrize("builtin", [str, dict, max, len])
def test_a_builtin_has_no_source_and_is_no_task(builtin: Any) -> None:
    with pytest.raises(TaskDefinitionError, match=rf"as_task\({builtin.__name__}\)"):
        task(builtin)


def test_a_builtin_with_a_version_is_a_task_where_python_knows_its_signature(scheduler: Scheduler) -> None:
    assert scheduler.run(task(namespace="versioned", version="1")(len)([1, 2])) == 2
    with pytest.raises(TaskDefinitionError, match=r"as_task\(max\)"):
        task(version="1")(max)
