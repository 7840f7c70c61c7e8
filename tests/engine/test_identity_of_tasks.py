"""What a task is known by: its name, its namespace, and what counts in its hash."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from headwater import (
    CallError,
    PartialTask,
    Scheduler,
    TaskDefinitionError,
    cond,
    get_task_registry,
    namespace,
    task,
)
from tests.engine.code_projects import Load

headwater_namespace = "known.by"


def plain(n: int = 1) -> int:
    return n


def elsewhere(**module: Any) -> Any:
    """A function of another module, which may have a namespace."""
    found: dict[str, Any] = {"__name__": "known_by_elsewhere", **module}
    exec("def plain(n=1):\n    return n\n", found)
    return found["plain"]


def test_help_shows_of_a_task_what_its_function_says_of_itself() -> None:
    @task(name="sum")
    def add(a: int, b: int = 2) -> int:
        """The sum of two numbers."""
        return a + b

    for shown in (add, add.options(cache=False)):
        assert (inspect.getdoc(shown), shown.__name__) == ("The sum of two numbers.", "sum")
        assert str(inspect.signature(shown)) == "(a: 'int', b: 'int' = 2) -> 'int'"


def test_a_namespace_that_is_given_goes_before_the_module_s_and_that_before_the_one_that_is_set() -> None:
    namespace("set.here")
    try:
        named = {"headwater_namespace": "of.module"}
        assert task(namespace="given", version="1")(elsewhere(**named)).fullname == "given.plain"
        assert task(namespace="", version="1")(elsewhere(**named)).fullname == "plain"
        assert task(version="1")(elsewhere(**named)).fullname == "of.module.plain"
        assert task(version="1")(elsewhere()).fullname == "set.here.plain"
    finally:
        namespace()
    assert task(version="1")(elsewhere()).fullname == "plain"
    assert task(plain).fullname == "known.by.plain"
    assert task()(plain).fullname == "known.by.plain"


@pytest.mark.parametrize(
    "identity",
    [
        {"name": "a-b"},
        {"name": "1a"},
        {"name": "a.b"},
        {"name": ""},
        {"namespace": ".a"},
        {"namespace": "a-b"},
    ],
    ids=str,
)
def test_what_cannot_be_a_name_is_refused(identity: dict[str, str]) -> None:
    with pytest.raises(TaskDefinitionError, match="cannot be a"):
        task(**identity)(plain)


def test_the_task_that_was_defined_last_has_the_name() -> None:
    first, second = (task(name="again", version=version)(plain) for version in ("1", "2"))
    assert get_task_registry().get("known.by.again") is second
    assert first.hash != second.hash


def hash_of(**definition: Any) -> Any:
    return task(name="hashed", **definition)(plain).hash


def test_a_version_stands_for_the_code_and_a_source_for_what_is_recorded_of_it() -> None:
    other = task(name="hashed", version="1")(lambda n: n + 1)
    assert hash_of(version="1") == other.hash
    assert hash_of(version="2") != other.hash
    sourced = task(name="hashed", source="def hashed(): ...")(plain)
    assert sourced.source == "def hashed(): ..."
    assert sourced.hash not in (hash_of(), hash_of(source="def hashed(): return"))


def test_what_is_included_counts_in_any_order_and_whatever_options_a_call_has() -> None:
    some = task(name="hashed", hash_includes=[1, "x", plain])(plain)
    assert some.hash == hash_of(hash_includes=[plain, 1, "x"])
    assert some.hash not in (hash_of(), hash_of(hash_includes=[2, "x", plain]))
    for again in (some.options(limits=["a"]), some.export_options(limits=["a"]), some.update_context(a=1)):
        assert again.hash == some.hash


class Pair(NamedTuple):
    left: int
    right: int


def empty() -> tuple[()]:
    return ()


def two() -> tuple[int, str]:
    return 1, "a"


def pair() -> Pair:
    return Pair(1, 2)


def many() -> tuple[int, ...]:
    return 1, 2, 3


@pytest.mark.parametrize(("function", "items"), [(empty, 0), (two, 2), (pair, 2), (many, None)])
def test_an_annotation_tells_how_many_items_a_result_has(
    function: Callable[[], Any], items: int | None
) -> None:
    call: Any = task(function)()
    if items is None:
        with pytest.raises(CallError, match="nout=N"):
            iter(call)
        call = task(function).options(nout=3)()
    assert Scheduler(record=False).run(list(call)) == list(function())


def test_a_cond_may_have_several_conditions_and_no_last_word() -> None:
    same: Any = task(plain)
    scheduler = Scheduler(record=False)
    assert scheduler.run(cond(same(0), 1, same(0), 2, same(3))) == 3
    assert scheduler.run(cond(same(0), 1, same(5), same(2), 3)) == 2
    assert scheduler.run(cond(same(0), 1, same(0), 2)) is None


def test_a_partial_task_takes_further_arguments_and_keeps_its_options() -> None:
    @task(name="three")
    def three(a: int, b: int = 0, *, c: int = 0) -> list[int]:
        return [a, b, c]

    def again(f: Any, n: int) -> Any:
        return f.partial(f)(n - 1) if n else "end"

    scheduler = Scheduler(record=False)
    some = three.partial(1, c=5).partial(2, c=6)
    assert isinstance(some, PartialTask)
    assert scheduler.run([some(), some(c=7), three.partial(three(1)[0])(c=three(9)[0])]) == [
        [1, 2, 6],
        [1, 2, 7],
        [1, 0, 9],
    ]
    looping: Any = task(name="again", version="1")(again)
    assert scheduler.run(looping(looping, 4)) == "end"


CELL = """
@task(namespace="reloaded")
def main():
    return helper()
"""


def test_a_function_that_is_given_other_code_in_place_is_another(load: Load, scheduler: Scheduler) -> None:
    """As IPython's autoreload does with functions that a notebook has imported."""
    newer = load(newer="def helper():\n    return 2\n").helper
    cell = {
        "__name__": "a_notebook",
        "task": task,
        "helper": load(flow="def helper():\n    return 1\n").helper,
    }
    exec(CELL, cell)
    main: Any = cell["main"]
    assert scheduler.run(main()) == 1
    before = main.hash
    assert scheduler.run(main()) == 1
    assert main.hash == before
    cell["helper"].__code__ = newer.__code__  # type: ignore[attr-defined]
    assert scheduler.run(main()) == 2
    assert main.hash != before
