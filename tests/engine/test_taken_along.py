"""Expressions that are handed on to be evaluated elsewhere: they take along what was got, and each call of them
came from whoever wrote what stands in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from headwater import (
    Project,
    Rehearsal,
    Scheduler,
    catch,
    fork_thread,
    join_thread,
    map_,
    no_prov,
    quote,
    scheduler_task,
    starmap,
    subrun,
    task,
    with_export_options,
)

headwater_namespace = "taken_along"

Source = tuple[str, list[Any]]


@task
def note(n: int) -> int:
    return n


@task
def size(name: str) -> int:
    return 5


@task
def several(n: int) -> list[int]:
    return [n, n + 1]


@task
def rows(n: int) -> list[tuple[int, int]]:
    return [(n, n + 1)]


@task
def show(x: Any) -> Any:
    return x


@task
def pair(a: Any, b: Any) -> list[Any]:
    return [a, b]


@task
def fail(n: int) -> int:
    raise ValueError(n)


@task
def of_thread(thread: Any) -> Any:
    return join_thread(thread)


@task
def of_quoted(quoted: Any) -> Any:
    return quoted.eval()


EVALUATES: dict[str, Callable[[Any], Any]] = {
    "with_export_options": lambda a: with_export_options(a, {"limits": []}),
    "no_prov": no_prov,
    "subrun_root_task": lambda a: subrun(a, "default"),
    "thread": lambda a: join_thread(fork_thread(a)),
    "of_thread": lambda a: of_thread(fork_thread(a)),
    "of_quoted": lambda a: of_quoted(quote(a)),
    "show": lambda a: show([quote(quote(a))]),
}
"""What has an expression evaluated in a call of its own, by the name of its task."""

each_of_them = pytest.mark.parametrize("name", EVALUATES)


def fed_by(expression: Any, name: str, project: Project | None = None) -> list[set[Source]]:
    """What fed each call of a task, as a run of it under another call has it."""

    @task(name="under", version="1")
    def under() -> Any:
        return [note(1), note(2), expression()]

    play = Rehearsal(project)
    play.run(under())
    return [
        {
            (source.task.split(".")[1], *source.arguments.values())
            for sources in call.fed_by.values()
            for source in sources
        }
        for call in play.calls
        if call.task.split(".")[1] == name
    ]


@each_of_them
def test_what_a_function_makes_of_what_a_form_has_got_came_from_that(name: str) -> None:
    of = EVALUATES[name]
    for expression in (
        lambda: map_(lambda item: of(pair(note(1), item)), several(5)),
        lambda: starmap(lambda a, b: of(pair(note(1), [a, b])), rows(5)),
        lambda: map_(of, several(5)),
    ):
        fed = [sources for sources in fed_by(expression, name) if sources]
        assert fed
        assert all(sources == {(fed_name(expression), 5)} for sources in fed)
        assert all(sources <= {("note", 1)} for sources in fed_by(expression, "pair"))


def fed_name(expression: Any) -> str:
    return "rows" if "starmap" in expression.__code__.co_names else "several"


@each_of_them
def test_what_a_recovery_makes_of_the_error_came_from_what_failed(name: str) -> None:
    of = EVALUATES[name]

    def expression() -> Any:
        return catch(fail(7), ValueError, lambda error: of(pair(note(1), error.args)))

    assert [sources for sources in fed_by(expression, name) if sources] == [{("fail", 7)}]
    assert all(sources <= {("note", 1)} for sources in fed_by(expression, "pair"))


@each_of_them
def test_where_it_stands_makes_no_other_call_of_it(name: str, local_project: Project) -> None:
    """What it takes along is the value, whichever number the call has that it came from."""
    of = EVALUATES[name]

    @task(name="stands", version="1")
    def first() -> Any:
        return map_(lambda item: of(show(item)), several(5))

    before = Scheduler(local_project)
    assert before.run(first()) is not None
    before.wait_recorded()

    @task(name="stands", version="2")
    def second() -> Any:
        return [note(3), note(4), map_(lambda item: of(show(item)), several(5))]

    play = Rehearsal(local_project)
    play.run(second())
    assert play.ran == ["taken_along.note", "taken_along.note", "taken_along.stands"]


def test_what_is_taken_along_can_be_sent_to_a_process(local_project: Project) -> None:
    @task(name="sends", version="1")
    def sends() -> Any:
        return map_(lambda item: subrun(pair(note(1), item), "process"), several(5))

    assert Scheduler(local_project).run(sends()) == [[1, 5], [1, 6]]


@task(version="1")
def holds(n: int) -> Any:
    return map_(lambda item: quote(show(item)), several(n))


def test_what_is_quoted_in_a_result_can_be_evaluated_where_it_is_taken() -> None:
    @task(name="takes", version="1")
    def takes() -> Any:
        return map_(of_quoted, holds(5))

    play = Rehearsal()
    assert play.run(takes()) == [5, 6]
    assert all(not call.fed_by for call in play.calls if call.task == "taken_along.show")


# -- what was handed on by forms ---------------------------------------------------------------------------------------


@scheduler_task
def hands_on(of: str, value: Any) -> Any:
    yield size("mine")
    return EVALUATES[of](value)


@scheduler_task
def writes(of: str) -> Any:
    found = yield size("theirs")
    return (yield hands_on(of, pair(found, 0)))


@scheduler_task
def writes_itself(of: str) -> Any:
    found = yield size("mine")
    return EVALUATES[of](pair(found, 0))


@pytest.mark.parametrize("name", ["with_export_options", "no_prov", "thread", "of_thread", "of_quoted"])
def test_what_a_form_hands_on_came_from_whoever_wrote_it(name: str) -> None:
    fed = [sources for sources in fed_by(lambda: writes(name), name) if sources]
    assert fed == [{("size", "theirs")}]


@each_of_them
def test_what_a_form_has_evaluated_elsewhere_came_from_what_it_had_got(name: str) -> None:
    fed = [sources for sources in fed_by(lambda: writes_itself(name), name) if sources]
    assert fed == [{("size", "mine")}]


@scheduler_task
def writes_beside(of: str, value: Any) -> Any:
    found = yield size("mine")
    return EVALUATES[of]([show(value), found])


@scheduler_task
def quotes_beside(of: str, value: Any) -> Any:
    found = yield size("mine")
    return EVALUATES[of]([value, quote(pair(found, 0))])


@pytest.mark.parametrize("form", [writes_beside, quotes_beside])
@each_of_them
def test_what_a_form_writes_beside_what_it_was_handed_came_from_what_it_had_got(name: str, form: Any) -> None:
    fed = fed_by(lambda: form(name, note(1)), name)
    assert ("size", "mine") in set().union(*fed)


def test_what_an_async_body_begins_came_from_what_it_had_got() -> None:
    @task
    async def begins() -> Any:
        found = await size("mine")
        return await join_thread(fork_thread(pair(found, 0)))

    play = Rehearsal()
    play.run(begins())
    fed = [call.fed_by for call in play.calls if call.task == "headwater.thread" and call.fed_by]
    assert [[source.task for source in sources] for [sources] in map(dict.values, fed)] == [
        ["taken_along.size"]
    ]
