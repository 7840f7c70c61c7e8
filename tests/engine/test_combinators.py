"""The combinators: what they evaluate to, and how they say no."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from headwater.engine import expression_codec
from headwater.engine.expression_codec import flatten as flatten_expression

from headwater import (
    CallError,
    JobInfo,
    PartialTask,
    Scheduler,
    Task,
    TaskDefinitionError,
    Unrecordable,
    apply_func,
    as_task,
    catch,
    catch_all,
    compose,
    const,
    delay,
    eval_,
    flat_map,
    flatten,
    force,
    fork_thread,
    get_context,
    identity,
    join_thread,
    len_,
    map_,
    no_prov,
    quote,
    root_task,
    seq,
    starmap,
    task,
    with_export_options,
    zip_,
)
from tests.engine.test_equal_forms import under

headwater_namespace = "combinators"


@task
def inc(x: int) -> int:
    return x + 1


@task
def add(a: int, b: int = 0) -> int:
    return a + b


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
def fail(message: str) -> int:
    raise ValueError(message)


@task
def shown(value: Any) -> str:
    return repr(value)


@task
def shown_with(name: str, value: int) -> str:
    return f"{name}: {value}"


@task
def the_increment() -> Task[[int], int]:
    return inc


def test_map_calls_a_task_for_each_value_of_a_list_that_may_be_lazy(scheduler: Scheduler) -> None:
    assert scheduler.run(map_(inc, [1, inc(1), 3])) == [2, 3, 4]
    assert scheduler.run(map_(inc, numbers(3))) == [1, 2, 3]
    assert scheduler.run(map_(the_increment(), numbers(2))) == [1, 2]
    assert scheduler.run(map_(inc, [])) == []


def test_map_over_map_and_a_wide_map_are_no_trouble(scheduler: Scheduler) -> None:
    assert scheduler.run(map_(inc, map_(inc, numbers(3)))) == [2, 3, 4]
    assert sum(scheduler.run(map_(inc, numbers(20_000)))) == 20_000 * 20_001 // 2


@pytest.mark.parametrize("values", ["abc", {1, 2}, 5])
def test_map_refuses_what_has_no_order_or_no_items(scheduler: Scheduler, values: Any) -> None:
    with pytest.raises(CallError, match=r"map_.*a list is needed"):
        scheduler.run(map_(inc, identity(values)))


def test_starmap_takes_keyword_and_positional_arguments(scheduler: Scheduler) -> None:
    assert scheduler.run(starmap(add, [{"a": 1, "b": inc(1)}, (3, 4), identity((5, 6))])) == [3, 7, 11]
    assert scheduler.run(starmap(add, identity([{"a": 1}, {"a": 2}]))) == [1, 2]
    with pytest.raises(CallError, match="use map_"):
        scheduler.run(starmap(add, [1]))


def test_a_call_of_starmap_comes_from_its_own_arguments_alone() -> None:
    @task
    def size_of(n: int) -> tuple[int, int]:
        return n, n

    @task
    def total(a: int, b: int) -> int:
        return a + b

    fed = under(starmap(total, [size_of(1), {"a": 5, "b": size_of(2)[0]}, size_of(3)])).fed()
    assert fed["total", 2] == {("size_of", (1, 1))}
    assert fed["total", 7] == {("size_of", (2, 2))}
    assert fed["total", 6] == {("size_of", (3, 3))}


def test_lists_are_flattened_and_zipped(scheduler: Scheduler) -> None:
    assert scheduler.run(flatten([numbers(2), [inc(5)], []])) == [0, 1, 6]
    assert scheduler.run(flatten(identity([[1], [2]]))) == [1, 2]
    assert scheduler.run(flat_map(numbers, numbers(4))) == [0, 0, 1, 0, 1, 2]
    assert scheduler.run(zip_(numbers(3), [inc(1), 8])) == [(0, 2), (1, 8)]
    with pytest.raises(CallError, match="a list of lists is needed, and int"):
        scheduler.run(flatten([1]))


def test_what_is_used_up_by_reading_it_can_be_gone_through_in_every_run(scheduler: Scheduler) -> None:
    for made, value in (
        (map_(inc, (n for n in (1, 2))), [2, 3]),
        (starmap(add, zip([1, 2], [3, 4], strict=True)), [4, 6]),
        (flat_map(numbers, iter([1, 2])), [0, 0, 1]),
        (flatten((n,) for n in (1, 2)), [1, 2]),
        (zip_(map(str, [1, 2]), [3, 4]), [("1", 3), ("2", 4)]),
    ):
        assert scheduler.run(made) == value
        assert scheduler.run(made) == value


def test_what_never_ends_stands_beside_lists_in_every_run(scheduler: Scheduler) -> None:
    def ever() -> Iterator[Any]:
        yield inc(6)
        yield from itertools.count(8)

    for made, value in (
        (zip_(numbers(2), itertools.count(5)), [(0, 5), (1, 6)]),
        (zip_(itertools.cycle("ab"), numbers(3)), [("a", 0), ("b", 1), ("a", 2)]),
        (zip_(itertools.repeat(7), itertools.repeat(8, 2), numbers(3)), [(7, 8, 0), (7, 8, 1)]),
        (zip_(ever(), [1, 2]), [(7, 1), (8, 2)]),
        (zip_([1, 2], map(str, itertools.count()), numbers(3)), [(1, "0", 0), (2, "1", 1)]),
        (zip_(itertools.chain([9], itertools.count()), (1, 2), numbers(1)), [(9, 1, 0)]),
    ):
        for _ in range(2):
            assert scheduler.run(made) == value


def test_lazy_values_are_found_in_iterators_and_in_views_of_dicts(scheduler: Scheduler) -> None:
    named = {"a": inc(1), "b": 5}
    assert scheduler.run(map_(inc, named.values())) == [3, 6]
    assert scheduler.run(map_(inc, (inc(n) for n in (1, 2)))) == [3, 4]
    assert scheduler.run(starmap(shown_with, named.items())) == ["a: 2", "b: 5"]
    assert scheduler.run(starmap(add, zip([1, 2], [inc(3), 4], strict=True))) == [5, 6]
    assert scheduler.run(flatten([inc(n)] for n in (1, 2))) == [2, 3]
    assert scheduler.run(flatten([(inc(n) for n in (1, 2)), named.values()])) == [2, 3, 2, 5]
    assert scheduler.run(zip_((inc(n) for n in (1, 2)), named.keys())) == [(2, "a"), (3, "b")]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (flatten([{"a", "b"}]), "a list of lists is needed, and set is in it"),
        (flatten(identity({("a",), ("b",)})), "a list is needed, not set"),
        (zip_([1], identity({"a", "b"})), "a list is needed, not set"),
        (zip_([1], identity(3)), "a list is needed, not int"),
        (map_(identity(3), [1]), "a task or a function is needed, not int"),
        (starmap(identity(3), [{}]), "a task or a function is needed, not int"),
        (join_thread(identity(3)), "what fork_thread gave is needed, not int"),
    ],
)
def test_what_turns_out_to_have_no_order_or_not_to_be_called_is_refused(
    scheduler: Scheduler, expression: Any, message: str
) -> None:
    with pytest.raises(CallError, match=message):
        scheduler.run(expression)


def test_catch_all_gives_the_values_where_nothing_fails(scheduler: Scheduler) -> None:
    assert scheduler.run(catch_all({"a": inc(1), "b": [inc(2)]})) == {"a": 2, "b": [3]}


def test_catch_all_hands_errors_in_their_places_to_the_recovery(scheduler: Scheduler) -> None:
    caught = catch_all([inc(1), fail("x"), {"y": fail("y")}], ValueError, shown)
    assert scheduler.run(caught) == "[2, ValueError('x'), {'y': ValueError('y')}]"


def test_catch_all_waits_for_all_before_it_raises_the_first_error_that_does_not_match(
    scheduler: Scheduler,
) -> None:
    ended = []
    gate = threading.Event()

    @task(namespace="combinators")
    def slow() -> int:
        gate.wait(5)
        ended.append("slow")
        return 1

    @task(namespace="combinators")
    def quick() -> int:
        gate.set()
        raise KeyError("quick")

    with pytest.raises(KeyError, match="quick"):
        scheduler.run(catch_all([fail("a value"), slow(), quick()], ValueError, shown))
    assert ended == ["slow"]
    with pytest.raises(ValueError, match="first"):
        scheduler.run(catch_all([fail("first"), fail("second")]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: seq({"a": inc(1)}), r"seq.*a list is needed, not dict"),  # nothing evaluated its values
        (lambda: seq({inc(1), inc(2)}), r"seq.*a list is needed, not set"),
        (lambda: map_(3, [1]), r"map_.*a task or a function is needed, not 3"),
        (lambda: map_([1, 2], inc), r"map_.*a task or a function is needed, not \[1, 2\]"),
        (lambda: map_(inc, 3), r"map_.*a list is needed, not int"),
        (lambda: map_(inc, {1, 2}), r"map_.*a list is needed, not set"),
        (lambda: starmap(3, [{}]), r"starmap.*a task or a function is needed, not 3"),
        (lambda: starmap(add, "ab"), r"starmap.*a list is needed, not str"),
        (lambda: flat_map(3, [1]), r"flat_map.*a task or a function is needed, not 3"),
        (lambda: flat_map(numbers, None), r"flat_map.*a list is needed, not NoneType"),
        (lambda: flatten({("a",), ("b",)}), r"flatten.*a list is needed, not set"),
        (lambda: zip_([1], 3), r"zip_.*a list is needed, not int"),
        (
            lambda: join_thread([fork_thread(inc(1))]),
            r"join_thread.*what fork_thread gave is needed, not list",
        ),
        (lambda: catch(inc(1), ValueError, 0), r"catch\(.*a task or a function is needed, not 0"),
        (lambda: catch_all([inc(1)], ValueError, 0), r"catch_all.*a task or a function is needed, not 0"),
        (lambda: compose(inc, inc(1)[0], 3), r"compose.*a task or a function is needed, not 3"),
        (lambda: as_task(3), r"as_task.*a task or a function is needed, not 3"),
    ],
)
def test_what_can_be_no_part_of_an_expression_is_refused_where_it_is_written(make: Any, message: str) -> None:
    with pytest.raises(CallError, match=message):
        make()


def test_what_is_known_only_when_it_is_evaluated_is_told_then(scheduler: Scheduler) -> None:
    with pytest.raises(CallError, match="1 positional values, and pos_args names 2"):
        scheduler.run(eval_("a + b", 1, pos_args=["a", "b"]))
    for code, why in (
        ("a +", "invalid syntax"),
        ("", "invalid syntax"),
        ("x = 1", "invalid syntax"),
        (3, "a text"),
    ):
        with pytest.raises(
            CallError, match=rf"eval_\({code!r}\): no expression of Python's: .*{why}".replace("+", ".")
        ):
            scheduler.run(eval_(code, a=1))  # type: ignore[arg-type]
    assert scheduler.run(eval_(" a + 1", a=1)) == 2
    with pytest.raises(CallError, match=r"root_task\(quote\(f\(1\)\)\)"):
        scheduler.run(root_task(inc(1)))


def test_the_classes_of_catch_may_be_lazy(scheduler: Scheduler) -> None:
    classes = identity(ValueError)
    assert scheduler.run(catch(fail("x"), (KeyError, classes), shown)) == "ValueError('x')"
    assert scheduler.run(catch_all([fail("x")], classes, shown)) == "[ValueError('x')]"
    with pytest.raises(CallError, match="no exception class"):
        scheduler.run(catch(fail("x"), identity(5), shown))


def test_a_recovery_may_be_a_partial_task_or_raise_something_else(scheduler: Scheduler) -> None:
    @task(namespace="combinators")
    def translated(error: Exception, into: type[Exception]) -> int:
        raise into(str(error))

    inner = catch(fail("x"), ValueError, translated.partial(into=KeyError))
    assert scheduler.run(catch(inner, KeyError, shown)) == "KeyError('x')"


@pytest.mark.parametrize("wrong", [(ValueError, None), (None, shown), ("ValueError", shown)])
def test_catch_all_refuses_half_a_recovery_where_it_is_written(wrong: tuple[Any, Any]) -> None:
    with pytest.raises(CallError, match="catch_all"):
        catch_all([inc(1)], *wrong)


def test_const_waits_for_what_it_does_not_give(scheduler: Scheduler) -> None:
    assert scheduler.run(const(inc(1), inc(2))) == 2
    with pytest.raises(ValueError, match="other"):
        scheduler.run(const(inc(1), fail("other")))


def test_what_is_delayed_is_evaluated_where_it_is_forced(scheduler: Scheduler) -> None:
    delayed = identity(delay(fail("late")))
    scheduler.run(delayed)
    with pytest.raises(ValueError, match="late"):
        scheduler.run(force(delayed))
    assert scheduler.run(force(delay(inc(1)))) == 2
    assert scheduler.run(force(inc(1))) == 2


def test_functions_are_called_as_tasks(scheduler: Scheduler) -> None:
    assert scheduler.run(apply_func(math.hypot, add(1, 2), 4)) == 5.0
    assert scheduler.run(map_(as_task(math.sqrt), [4.0, 9.0])) == [2.0, 3.0]
    assert scheduler.run(eval_("a + b * c", 2, pos_args=["c"], a=inc(0), b=3)) == 7


def test_tasks_are_composed_with_the_last_called_first(scheduler: Scheduler) -> None:
    assert scheduler.run(compose(shown, inc, add)(1, b=2)) == "4"
    assert scheduler.run(compose(inc)(1)) == 2
    with pytest.raises(CallError, match="at least one"):
        compose()


def test_a_partial_task_is_a_value(scheduler: Scheduler) -> None:
    partial = add.partial(inc(1))
    assert scheduler.run(partial(5)) == 7
    assert scheduler.run(partial.partial(b=1)(b=3)) == 5
    found = scheduler.run([partial])[0]
    assert isinstance(found, PartialTask)
    assert (found.args, repr(found)) == ((2,), "combinators.add.partial(2)")
    assert scheduler.run(identity(add.partial(1))(2)) == 3
    assert partial.options(nout=2).task.nout == 2
    assert partial.is_valid()


def test_a_partial_task_has_options_and_a_context_like_a_task(scheduler: Scheduler) -> None:
    @task(namespace="combinators")
    def seen(n: int, rate: Any = get_context("rate", 0), info: JobInfo = JobInfo()) -> Any:
        return n, rate, (info.options or {}).get("retries")

    partial = seen.partial(1)
    assert scheduler.run(partial.update_context(rate=2).update_context({"other": 1})()) == (1, 2, None)
    assert scheduler.run(partial.export_options(retries=3)()) == (1, 0, 3)


def test_a_partial_task_that_can_never_fit_is_refused_where_it_is_made() -> None:
    with pytest.raises(CallError, match=r"add\.partial\(\.\.\.\) does not fit .*too many"):
        add.partial(1, 2, 3)
    with pytest.raises(CallError, match="unexpected keyword argument 'c'"):
        add.partial(c=1)


def test_expressions_that_forms_make_are_never_taken_for_one_another(scheduler: Scheduler) -> None:
    """They are known by identity, and may die long before the call in which they stand."""

    @task(namespace="combinators")
    def sums() -> list[int]:
        return [add(flat_sum(map_(inc, [n])), flat_sum(flat_map(numbers, [n, n + 1]))) for n in range(40)]

    @task(namespace="combinators")
    def flat_sum(values: list[int]) -> int:
        return sum(values)

    assert scheduler.run(sums()) == [n + 1 + n * (n - 1) // 2 + n * (n + 1) // 2 for n in range(40)]


def test_a_length_is_lazy(scheduler: Scheduler) -> None:
    assert scheduler.run(inc(len_(numbers(4)))) == 5
    assert scheduler.run(len_([inc(1), 2])) == 2
    with pytest.raises(TypeError, match="has no len"):
        scheduler.run(len_(inc(1)))
    with pytest.raises(CallError, match=r"len_\(value\)"):
        len(numbers(4))


@task
def seen_options(n: int, job: JobInfo = JobInfo()) -> dict[str, Any]:
    return dict(job.options or {})


@task
def above(n: int) -> Any:
    return [seen_options(n), seen_options.options(retries=7)(n + 1)]


def test_options_are_inherited_by_an_expression(scheduler: Scheduler) -> None:
    for expression in (above(1), quote(above(1))):
        below, own = scheduler.run(with_export_options(expression, {"retries": 3}))
        assert (below["retries"], own["retries"]) == (3, 7)
    assert "retries" not in scheduler.run(above(1))[0]
    [inner] = scheduler.run([with_export_options(seen_options(5), {"limits": ["gpu"]})])
    assert inner["limits"] == {"gpu": 1}
    with pytest.raises(TaskDefinitionError, match="Did you mean retr"):
        with_export_options(above(1), {"retry": 3})
    for given in (3, identity({"retries": 3})):
        with pytest.raises(TaskDefinitionError, match=r"export_options=.*: a dict of options is needed"):
            with_export_options(above(1), given)  # type: ignore[arg-type]


def test_what_evaluates_knows_the_forms_of_a_recorded_expression_whatever_the_script_imports() -> None:
    code = (
        "import headwater.engine.reduction; from headwater.engine.special import FORMS; "
        "assert {'cond', 'map_', 'starmap', 'flatten', 'zip_', 'const', 'force', 'fork_thread'} <= set(FORMS), FORMS"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_holds_what_is_quoted_is_looked_at_once_for_each(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []

    def look(value: Any) -> Any:
        looked.append(value)
        return flatten_expression(value)

    monkeypatch.setattr(expression_codec, "flatten", look)
    value: Any = inc(1)
    for _ in range(14):
        value = force(delay(value))
    assert scheduler.run(value) == 2
    assert 14 <= len(looked) <= 14 * 14
    for _ in range(100):
        value = force(delay(value))
    assert scheduler.run(value) == 2


def test_what_is_quoted_in_itself_too_deep_says_so(scheduler: Scheduler) -> None:
    @task(namespace="combinators")
    def quoted(levels: int) -> Any:
        value: Any = inc(1)
        for _ in range(levels):
            value = quote(value)
        return value

    @task(namespace="combinators")
    def unrecorded(levels: int) -> Any:
        value: Any = inc(1)
        for _ in range(levels):
            value = inc(no_prov(value))
        return quote(value)

    assert scheduler.run(quoted(30)) is not None
    for call in (quoted(1000), unrecorded(1000)):
        with pytest.raises(
            Unrecordable, match=r"quotes is quoted again in that, more than \d+ deep. Evaluate"
        ):
            scheduler.run(call)
