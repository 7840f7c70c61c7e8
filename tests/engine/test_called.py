"""What forms are handed to call, by mistake: what they say then."""

from __future__ import annotations

from typing import Any

import pytest

from headwater import (
    CallError,
    Scheduler,
    Task,
    as_task,
    catch,
    catch_all,
    flat_map,
    map_,
    run,
    starmap,
    task,
)

headwater_namespace = "called"


@task
def fails(n: int) -> int:
    raise ValueError(n)


@task
def recovered(error: Any) -> Any:
    return ("recovered", str(error))


@task
def text(error: Any) -> str:
    return str(error)


@task
def texts(error: Any) -> list[str]:
    return [str(error)]


@task
def nothing(error: Any) -> None:
    return None


@task
def either(named: bool) -> str | Task[Any, Any]:
    return "text" if named else text


@task
def words() -> list[str]:
    return ["a", "b"]


@task
def pairs() -> list[tuple[int, int]]:
    return [(1, 2), (4, 3)]


@pytest.mark.parametrize(("called", "gives"), [(text, "str"), (texts, r"list\[str\]"), (nothing, "None")])
def test_a_task_that_is_called_where_it_is_to_be_handed_over_is_told_where_it_is_written(
    called: Any, gives: str
) -> None:
    said = (
        rf"\(...\): a task or a function is needed, and called.{called.name}\('x'\) gives {gives}. "
        rf"If it is {called.name} that is to be called, write {called.name}, without brackets, "
        rf"or {called.name}.partial\(...\)"
    )
    with pytest.raises(CallError, match="^catch" + said):
        catch(fails(1), ValueError, called("x"))
    with pytest.raises(CallError, match="^catch_all" + said):
        catch_all([fails(1)], ValueError, called("x"))
    with pytest.raises(CallError, match="^map_" + said):
        map_(called("x"), [1])


def test_one_of_which_that_is_not_known_is_told_when_it_is_called(scheduler: Scheduler) -> None:
    said = (
        r"called.recovered\('x'\) gave \('recovered', 'x'\), of the class tuple, which cannot be called. If"
    )
    with pytest.raises(CallError, match=said):
        scheduler.run(catch(fails(1), ValueError, recovered("x")))
    with pytest.raises(CallError, match=said):
        scheduler.run(recovered("x")(1))
    assert scheduler.run(catch(fails(1), ValueError, either(False))) == "1"
    with pytest.raises(
        CallError, match=r"either\(True\) gave 'text', of the class str, which cannot be called"
    ):
        scheduler.run(catch(fails(1), ValueError, either(True)))


@pytest.mark.parametrize(
    ("form", "function", "values", "result"),
    [
        (map_, str, words, ["a", "b"]),
        (map_, len, words, [1, 1]),
        (map_, str.upper, words, ["A", "B"]),
        (starmap, max, pairs, [2, 4]),
        (flat_map, list, words, ["a", "b"]),
    ],
)
def test_a_function_that_needs_values_at_once_is_said_to_be_made_a_task(
    form: Any, function: Any, values: Any, result: Any
) -> None:
    name, written = ("starmap" if form is starmap else "map_"), function.__qualname__
    said = rf"^{name}\(...\): {written} is called before the values are there, .*as_task\({written}\)$"
    with pytest.raises(CallError, match=said):
        run(form(function, values()))
    assert run(form(as_task(function), values())) == result


def test_so_is_one_that_recovers() -> None:
    with pytest.raises(CallError, match=r"^catch\(...\): str is called before .*as_task\(str\)$"):
        run(catch(fails(1), ValueError, str))
    assert run(catch(fails(1), ValueError, as_task(str))) == "1"


def test_what_a_function_of_ones_own_does_wrong_is_told_as_it_is() -> None:
    with pytest.raises(CallError, match="a lazy value: what its text is"):
        run(map_(lambda word: f"{word}", words()))
