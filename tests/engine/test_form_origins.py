"""What a scheduler task's calls came from: what is recorded of it, and what it costs to know it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from headwater.engine import came, reduction
from headwater.engine.children import recorded_children
from headwater.engine.job import Job
from headwater.engine.nested import find_expressions

from headwater import Rehearsal, Scheduler, evaluate, force, quote, scheduler_task, task
from tests.peaks import peak

headwater_namespace = "form_origins"


@task
def note(n: int) -> int:
    return n


@task
def show(x: Any) -> Any:
    return x


@task
def add(a: int, b: int) -> int:
    return a + b


@task
def size(name: str) -> int:
    return 5


@scheduler_task()
def then_add(scheduler: Any, parent_job: Any, sexpr: Any, value: Any, plus: int) -> Any:
    return scheduler.evaluate(value).then(lambda found: scheduler.evaluate(add(found, plus)))


@dataclass
class Kept:
    """What was known of the calls under one job, when it was recorded.

    Attributes:
        wiring: (consumer, parameter, producer), by the calls' numbers under it.
        fed: how many results each distinct set of plain values' origins holds.
    """

    wiring: list[tuple[int, str, int]]
    fed: list[int]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Kept]:
    """Runs an expression in one call, and tells what was kept for what is under it."""

    def run(expression: Any, name: str = "under") -> Kept:
        found: list[Kept] = []

        def looked_at(job: Job) -> list[bytes]:
            children = recorded_children(job)
            if job.below is not None and job.below.calls and job.task.name == name:
                sets = {id(one.came): one.came for one in (job.below.hads or {}).values()}
                found.append(Kept(sorted(job.below.wiring), [len(one.results) for one in sets.values()]))
            return children

        @task(name="under")
        def under() -> Any:
            return expression

        with monkeypatch.context() as patch:
            patch.setattr(reduction, "recorded_children", looked_at)
            Scheduler(record=False).run(under())
        [one] = found
        return one

    return run


@scheduler_task
def steps_each(*values: Any) -> Any:
    for value in values:
        yield show(value)


@scheduler_task()
def promised_in_turn(scheduler: Any, parent_job: Any, sexpr: Any, *values: Any) -> Any:
    left = iter(values)

    def go_on(_: Any) -> Any:
        value = next(left, None)
        if value is None:
            return sum(len(one) for one in gc.get_objects() if isinstance(one, frozenset))
        return scheduler.evaluate(show(value)).then(go_on)

    return go_on(None)


@scheduler_task
def shown_one_by_one(values: list[Any]) -> Any:
    found = yield values
    return (yield [show(one) for one in found])


def test_calls_that_take_nothing_plain_cost_nothing_more(kept: Callable[[Any], Kept]) -> None:
    one = kept(steps_each(*map(note, range(100))))
    assert one.fed == []
    assert len([row for row in one.wiring if row[2] != -1]) == 100
    few = Scheduler(record=False).run(promised_in_turn(*map(note, range(1, 3))))
    many = Scheduler(record=False).run(promised_in_turn(*map(note, range(1, 301))))
    assert many - few < 300 * 10


def test_calls_of_one_step_share_what_they_came_from(kept: Callable[[Any], Kept]) -> None:
    assert kept(shown_one_by_one([note(n) for n in range(50)])).fed == [50]


@scheduler_task
def steps_then_add(value: Any, plus: int) -> Any:
    found = yield value
    return (yield add(found, plus))


def test_forms_in_forms_are_fed_by_the_last_of_what_they_got(kept: Callable[[Any], Kept]) -> None:
    for form in (steps_then_add, then_add):
        value = note(0)
        for n in range(100):
            value = form(value, n)
        one = kept(value)
        assert len([row for row in one.wiring if row[2] != -1]) == 2 * 100
        assert one.fed == [1] * 100


NESTED: dict[str, Callable[[int], Any]] = {
    "one": show,
    "two": lambda n: show(note(n)),
    "many": lambda n: add(show(show(note(n))), show(note(n + 1))),
    "folded": lambda n: sum_of(*[note(n + one) for one in range(3)]),
    "with a plain value": lambda n: add(note(n), n),
    "not recorded": lambda n: show(unseen(note(n))),
}


@task
def sum_of(*values: int) -> int:
    return sum(values)


@task(prov=False)
def unseen(n: int) -> int:
    return n


@scheduler_task
def in_a_loop(how: str, steps: int) -> Any:
    for n in range(steps):
        yield NESTED[how](5 * n)
    return steps


@task
async def in_a_loop_of_its_own(how: str, steps: int) -> int:
    for n in range(steps):
        await evaluate([NESTED[how](5 * n)])
    return steps


@task
async def in_a_loop_of_strands(how: str, steps: int) -> int:
    for n in range(steps):
        await asyncio.gather(*(_one(how, 5 * n + k) for k in range(3)))
        await asyncio.create_task(_one(how, 5 * n + 3))
    return steps


async def _one(how: str, n: int) -> None:
    await evaluate([NESTED[how](n)])


@pytest.mark.parametrize("how", NESTED)
@pytest.mark.parametrize(
    ("loop", "name"),
    [
        (in_a_loop, "under"),
        (in_a_loop_of_its_own, "in_a_loop_of_its_own"),
        (in_a_loop_of_strands, "in_a_loop_of_strands"),
    ],
    ids=["form", "body", "strands"],
)
def test_a_step_is_fed_by_the_last_step_alone_whatever_it_asks_for(
    kept: Callable[..., Kept], loop: Any, name: str, how: str
) -> None:
    few, many = (len(kept(loop(how, steps), name).wiring) for steps in (10, 200))
    assert many <= 20 * (few + 20)


def test_what_forms_hand_on_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Any] = []

    def look(value: Any) -> Any:
        looked.append(value)
        return find_expressions(value)

    monkeypatch.setattr(came, "find_expressions", look)
    value = note(0)
    for n in range(100):
        value = steps_then_add(value, n)
    assert Scheduler(record=False).run(value) == sum(range(100))
    assert 100 <= len(looked) <= 500


@scheduler_task
def both_of(values: list[Any]) -> Any:
    found = yield [steps_then_add(value, 10 * n) for n, value in enumerate(values)]
    return (yield show(sum(found)))


def test_what_no_other_covers_is_kept() -> None:
    assert fed_by(both_of([note(1), note(2)]), "show") == {("add", "1, 0"), ("add", "2, 10")}


def fed_by(expression: Any, name: str) -> set[tuple[str, str]]:
    """What fed a call of a rehearsal: the names and arguments of those calls."""
    play = Rehearsal()
    play.run(expression)
    sources = [source for them in play.call(f"form_origins.{name}").fed_by.values() for source in them]
    return {
        (source.task.split(".")[1], ", ".join(str(value) for value in source.arguments.values()))
        for source in sources
    }


@scheduler_task
def noted_again(times: int) -> Any:
    found = yield note(5)
    for _ in range(times):
        found = yield show(found)
        found = yield note(found)
    return found


@scheduler_task
def shown_as_it_is() -> Any:
    found = yield show(note(5))
    return (yield note(found))


@scheduler_task
def sized(name: str) -> Any:
    found = yield size(name)
    return (yield show(note(found)))


def test_no_call_is_what_it_came_from_itself(kept: Callable[[Any], Kept]) -> None:
    for form in (noted_again(1), noted_again(3), shown_as_it_is()):
        rows = [(consumer, producer) for consumer, _, producer in kept(form).wiring if producer != -1]
        assert rows == [(1, 0)]


def test_equal_calls_of_many_forms_came_from_what_each_had(kept: Callable[[Any], Kept]) -> None:
    rows = kept([sized("a"), sized("b"), sized("c")]).wiring
    [noted] = {producer for _, name, producer in rows if name == "x"}
    assert len(rows) == len(set(rows))
    assert len([producer for consumer, _, producer in rows if consumer == noted and producer != -1]) == 3


@scheduler_task
def shown(value: Any) -> Any:
    return (yield show(value))


@scheduler_task
def handed_on(value: Any) -> Any:
    return (yield shown(value))


@scheduler_task
def adds_size(name: str, form: Any) -> Any:
    found = yield size(name)
    return (yield form(note(0) + found))


@pytest.mark.parametrize("form", [shown, handed_on])
def test_what_an_equal_form_was_handed_goes_on_to_forms_inside(form: Any) -> None:
    """The first of them has been through with it, and asked for it inside only, when the other comes."""
    both = {("note", "0"), ("size", "a"), ("size", "b")}
    assert fed_by([adds_size("a", form), adds_size("b", form)], "show") == both
    assert fed_by([adds_size("a", form), late(adds_size("b", form))], "show") == both


@scheduler_task
def late(value: Any) -> Any:
    for n in range(5):
        yield note(n)
    return (yield value)


def test_a_chain_of_forms_takes_no_more_than_it_is_long() -> None:
    """Each is handed the one before it, and so all that are before that."""
    peaks = []
    for length in (1, 200, 400):
        value = note(0)
        for n in range(length):
            value = steps_then_add(value, n)
        found, most = peak(partial(Scheduler(record=False).run, value))
        assert found == sum(range(length))
        peaks.append(most)
    once, half, whole = peaks
    assert whole - once < 3 * (half - once)


@task
def held(n: int) -> Any:
    return quote(note(n + 1))


@scheduler_task
def counts_up(n: int) -> Any:
    at = 0
    for _ in range(n):
        at = yield held(at).eval()
    return at


@task
async def counts_up_in_a_body(n: int) -> int:
    at: Any = 0
    for _ in range(n):
        at = await force(held(at))
    return at  # type: ignore[no-any-return]


@pytest.mark.parametrize("of", [counts_up, counts_up_in_a_body])
def test_what_is_got_out_of_results_in_a_loop_came_from_the_last_of_them(
    of: Any, kept: Callable[[Any, str], Kept]
) -> None:
    found = kept(of(50), "under" if of is counts_up else "counts_up_in_a_body")
    assert max(found.fed) == 1
    assert len(found.wiring) < 50 * 5
