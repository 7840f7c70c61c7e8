"""Scheduler tasks that are written with promises: they do what the generators do that say the same."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater import (
    CallError,
    Promise,
    Rehearsal,
    Scheduler,
    SchedulerTask,
    Unrecordable,
    cond,
    evaluate,
    scheduler_task,
    seq,
    task,
    wait_promises,
)
from tests.properties import tries

headwater_namespace = "promised"


@task
def note(n: int) -> int:
    return n


@task
def fail(n: int) -> int:
    raise ValueError(f"{n} is refused")


@task
def show(x: Any) -> Any:
    return x


@task
def add(a: int, b: int) -> int:
    return a + b


# -- written for the peer ----------------------------------------------------------------------------------------------


@scheduler_task()
def then_add(scheduler: Any, parent_job: Any, sexpr: Any, value: Any, *, plus: int = 1) -> Any:
    def more(found: int) -> Any:
        return scheduler.evaluate(add(found, plus), parent_job=parent_job)

    return scheduler.evaluate(value, parent_job=parent_job).then(more)


@scheduler_task()
def or_else(scheduler: Any, parent_job: Any, sexpr: Any, value: Any, other: Any) -> Any:
    return scheduler.evaluate(value, parent_job=parent_job).catch(
        lambda error: scheduler.evaluate([str(error), other], parent_job=parent_job)
    )


@scheduler_task()
def settled(scheduler: Any, parent_job: Any, sexpr: Any, *values: Any) -> Any:
    asked = [scheduler.evaluate(value, parent_job=parent_job) for value in values]
    return wait_promises(asked).then(
        lambda them: [one.value if one.is_fulfilled else str(one.error) for one in them]
    )


def test_a_function_with_promises_works_as_it_is_written(scheduler: Scheduler) -> None:
    assert scheduler.run(then_add(note(1))) == 2
    assert scheduler.run(show(then_add(then_add(note(1), plus=5), plus=2))) == 8
    assert scheduler.run(or_else(fail(3), note(4))) == ["3 is refused", 4]
    assert scheduler.run(or_else(note(3), note(4))) == 3
    values = [note(1), fail(2), 3, [note(4), {"a": note(5)}]]
    assert scheduler.run(settled(*values)) == [1, "2 is refused", 3, [4, {"a": 5}]]
    assert scheduler.run(cond(then_add(note(1)), seq([then_add(note(2))]), 0)) == [3]
    with pytest.raises(ValueError, match="7 is refused"):
        scheduler.run(then_add(fail(7)))
    assert "promised.then_add" not in scheduler.progress().counts, "it makes no job"
    assert isinstance(then_add, SchedulerTask)


def test_it_can_be_awaited(scheduler: Scheduler) -> None:
    @task
    async def main() -> Any:
        return await evaluate(then_add(note(1)))

    assert scheduler.run(main()) == 2


def test_its_parameters_are_those_behind_the_first_three() -> None:
    with pytest.raises(CallError, match=r"then_add\(value: .*plus: "):
        then_add()
    with pytest.raises(CallError, match="unexpected keyword argument 'minus'"):
        then_add(note(1), minus=1)


def test_what_is_evaluated_may_be_lazy_in_the_end(scheduler: Scheduler) -> None:
    @scheduler_task()
    def lazily(scheduler: Any, parent_job: Any, sexpr: Any, value: Any) -> Any:
        assert repr(sexpr).startswith("scheduler_task promised.lazily")
        return scheduler.evaluate(value).then(lambda n: [note(n + 1), n])

    assert scheduler.run(lazily(note(1))) == [2, 1]


def test_what_cannot_be_is_told(scheduler: Scheduler) -> None:
    kept: list[Any] = []

    @scheduler_task()
    def wrong(scheduler: Any, parent_job: Any, sexpr: Any, how: str) -> Any:
        kept.append(scheduler)
        if how == "no promise":
            return 1
        if how == "never":
            return Promise[Any]()
        if how == "other job":
            return scheduler.evaluate(note(1), parent_job=object())
        if how == "other method":
            return scheduler.submit(note(1))
        if how == "other field":
            return parent_job.execution
        raise KeyError(how)

    for how, error, said in (
        ("no promise", CallError, "returns a promise, not 1"),
        ("never", CallError, "is never settled"),
        ("other job", CallError, "give the parent_job of this call"),
        ("other method", AttributeError, "has no 'submit'"),
        ("other field", AttributeError, "has no 'execution'"),
        ("own", KeyError, "own"),
    ):
        with pytest.raises(error, match=said):
            scheduler.run(wrong(how))
    with pytest.raises(CallError, match="the scheduler task has ended"):
        kept[0].evaluate(note(1))


def test_an_error_has_its_own_origins_alone() -> None:
    play = Rehearsal()

    @task
    def mended(error: Exception) -> str:
        return str(error)

    @task
    def main() -> Any:
        from headwater import catch

        return show(catch(settled_all([note(1), fail(2), note(3)]), ValueError, mended))

    @scheduler_task()
    def settled_all(scheduler: Any, parent_job: Any, sexpr: Any, values: Any) -> Any:
        return Promise.all([scheduler.evaluate(value) for value in values])

    assert play.run(main()) == "2 is refused"
    fed = play.call("promised.mended").fed_by["error"]
    assert [call.task for call in fed] == ["promised.fail"]


# -- what plain values came from ---------------------------------------------------------------------------------------


@scheduler_task()
def each(scheduler: Any, parent_job: Any, sexpr: Any, *values: Any) -> Any:
    asked = [scheduler.evaluate(value) for value in values]
    return Promise.all([one.then(lambda found: scheduler.evaluate(show(found))) for one in asked])


@scheduler_task()
def summed(scheduler: Any, parent_job: Any, sexpr: Any, *values: Any) -> Any:
    asked = [scheduler.evaluate(value) for value in values]
    return Promise.all(asked).then(lambda found: scheduler.evaluate(show(sum(found))))


@scheduler_task()
def after(scheduler: Any, parent_job: Any, sexpr: Any, first: Any, then: Any) -> Any:
    return scheduler.evaluate(first).then(lambda _: scheduler.evaluate(then))


@scheduler_task
def steps_after(first: Any, then: Any) -> Any:
    yield first
    return (yield then)


@scheduler_task
def steps_summed(*values: Any) -> Any:
    total = 0
    for value in values:
        total += yield value
    return (yield show(total))


@scheduler_task
def chained(value: Any, times: int) -> Any:
    for _ in range(times):
        value = (yield value) + 1
        value = show(value)
    return (yield value)


@scheduler_task
def outer(value: Any) -> Any:
    found = yield value
    return (yield steps_after(note(100), show(found)))


def fed(expression: Any) -> list[tuple[str, list[str]]]:
    """The calls of `show` of a rehearsal: what each took, and what that came from."""
    play = Rehearsal()
    play.run(expression)
    return [
        (
            str(call.arguments["x"]),
            [str(next(iter(source.arguments.values()))) for source in call.fed_by.get("x", [])],
        )
        for call in play.calls
        if call.task == "promised.show"
    ]


def test_a_plain_value_in_a_call_came_from_what_its_callback_had() -> None:
    assert fed(each(note(1), note(2))) == [("1", ["1"]), ("2", ["2"])]
    for form in (summed, steps_summed):
        assert fed(form(note(1), note(2))) == [("3", ["1", "2"])]


def test_a_call_that_the_form_was_handed_came_from_nothing_that_it_got() -> None:
    for form in (after, steps_after):
        assert fed(form(note(1), show(5))) == [("5", [])]


def test_the_way_to_a_result_leads_over_later_ones() -> None:
    assert fed(chained(note(1), 3)) == [("2", ["1"]), ("3", ["2"]), ("4", ["3"])]


def test_a_form_in_a_form_hands_on_what_its_arguments_came_from() -> None:
    assert fed(outer(note(1))) == [("1", ["1"])]


def test_many_callbacks_have_an_origin_each() -> None:
    assert fed(each(*map(note, range(1500)))) == [(str(n), [str(n)]) for n in range(1500)]


# -- to the end --------------------------------------------------------------------------------------------------------


@scheduler_task()
def careless(scheduler: Any, parent_job: Any, sexpr: Any) -> Any:
    scheduler.evaluate(fail(1))
    scheduler.evaluate(note(2)).then(lambda found: scheduler.evaluate(note(found + 1)))
    return Promise(lambda resolve, reject: resolve(4))


def test_what_was_asked_for_runs_though_nobody_waits_for_it() -> None:
    play = Rehearsal()
    assert play.run(show(careless())) == 4
    assert [(call.task, call.status) for call in play.calls][:-1] == [
        ("promised.fail", "FAILED"),
        ("promised.note", "DONE"),
        ("promised.note", "DONE"),
        ("promised.show", "DONE"),
    ]
    assert not play.call("promised.show").fed_by.get("x")


@scheduler_task()
def holds_a_promise(scheduler: Any, parent_job: Any, sexpr: Any, value: Any) -> Any:
    return scheduler.evaluate(value).then(lambda found: [scheduler.evaluate(note(3)), found])


def test_a_promise_in_a_result_is_refused(scheduler: Scheduler) -> None:
    for _ in range(2):
        with pytest.raises(Unrecordable, match=r"result\[0\] .* return Promise\.all"):
            scheduler.run(holds_a_promise(note(1)))
    with pytest.raises(TypeError, match="no value that can be recorded"):
        pickle.dumps(Promise())


@scheduler_task()
def asks_itself(scheduler: Any, parent_job: Any, sexpr: Any, n: int) -> Any:
    return scheduler.evaluate(sexpr)


@scheduler_task()
def asks_itself_within(scheduler: Any, parent_job: Any, sexpr: Any, n: int) -> Any:
    return scheduler.evaluate(show([steps_after(note(1), sexpr)]))


@scheduler_task
def steps_ask_themselves(n: int) -> Any:
    return (yield show(steps_ask_themselves(n)))


@pytest.mark.parametrize("form", [asks_itself, asks_itself_within, steps_ask_themselves])
def test_one_that_waits_for_itself_is_told_so(scheduler: Scheduler, form: Any) -> None:
    with pytest.raises(CallError, match="asks for itself with the same arguments"):
        scheduler.run(form(1))


# -- the same as generators --------------------------------------------------------------------------------------------

Program = list[tuple[str, int, bool]]


def wish(kind: str, n: int, last: int) -> Any:
    """What a step asks for."""
    return {
        "one": lambda: note(last + n),
        "many": lambda: [note(n), note(last), n],
        "inner": lambda: add(note(last), note(n)),
        "fail": lambda: fail(n),
        "both": lambda: [note(last), fail(n)],
        "form": lambda: then_add(note(last), plus=n),
    }[kind]()


def number(found: Any) -> int:
    return sum(found) if isinstance(found, list) else int(found)


@scheduler_task()
def by_steps(program: Program) -> Any:
    last = 0
    for kind, n, caught in program:
        try:
            last = number((yield wish(kind, n, last)))
        except ValueError:
            if not caught:
                raise
            last = -n
    return last


@scheduler_task()
def by_promises(scheduler: Any, parent_job: Any, sexpr: Any, program: Program) -> Any:
    promise: Promise[int] = Promise()
    promise.do_resolve(0)

    def step(last: int, kind: str, n: int, caught: bool) -> Any:
        found = scheduler.evaluate(wish(kind, n, last), parent_job=parent_job).then(number)
        return found.catch(lambda error: -n) if caught else found

    for kind, n, caught in program:
        promise = promise.then(lambda last, kind=kind, n=n, caught=caught: step(last, kind, n, caught))  # type: ignore[misc]
    return promise


@task
def with_steps(program: Program) -> Any:
    return show(by_steps([tuple(one) for one in program]))


@task
def with_promises(program: Program) -> Any:
    return show(by_promises([tuple(one) for one in program]))


def told(play: Rehearsal, root: Any, seed: int) -> tuple[Any, Counter[Any], set[Any]]:
    """What came of it, the calls by task, arguments and status, and those that fed the last of them."""
    try:
        value = play.run(root, seed=seed)
    except ValueError as error:
        value = str(error)
    calls = [call for call in play.calls if call.task in {"promised.note", "promised.fail", "promised.add"}]
    names = Counter((call.task, repr(call.arguments), call.status) for call in calls)
    shown = [call for call in play.calls if call.task == "promised.show"]
    fed = {(call.task, repr(call.arguments)) for one in shown for call in one.fed_by.get("x", ())}
    return value, names, fed


kinds = st.sampled_from(["one", "many", "inner", "fail", "both", "form"])
programs = st.lists(st.tuples(kinds, st.integers(0, 3), st.booleans()), max_size=6)


@tries(150)
@given(programs, st.integers(0, 1000))
def test_promises_do_what_generators_do(program: Program, seed: int) -> None:
    play = Rehearsal()
    value, names, fed = told(play, with_steps(program), seed)
    other, other_names, other_fed = told(play, with_promises(program), seed)
    assert other == value
    if not any(kind == "both" for kind, _, _ in program):
        assert (other_names, other_fed) == (names, fed)
    else:
        # A wish that fails ends a generator's step at once; a promise is told when all of the wish has ended.
        assert fed <= other_fed


@tries(60)
@given(st.lists(st.tuples(kinds, st.integers(0, 3)), min_size=1, max_size=5), st.integers(0, 1000))
def test_callbacks_come_in_the_order_that_is_written(wishes: list[tuple[str, int]], seed: int) -> None:
    seen: list[int] = []

    @scheduler_task()
    def noted(scheduler: Any, parent_job: Any, sexpr: Any) -> Any:
        asked = [scheduler.evaluate(wish(kind, n, 1)) for kind, n in wishes]
        for i, promise in enumerate(asked):
            promise.then(lambda _, i=i: seen.append(i), lambda _, i=i: seen.append(i))
        return wait_promises(asked).then(len)

    assert Rehearsal().run(noted(), seed=seed) == len(wishes)
    assert seen == list(range(len(wishes)))


@tries(60)
@given(programs.filter(lambda program: not any(kind in {"fail", "both"} for kind, _, _ in program)))
def test_real_threads_give_the_same(program: Program) -> None:
    scheduler = Scheduler(record=False)
    assert scheduler.run(with_steps(program)) == scheduler.run(with_promises(program))
