"""Operators on lazy values: the same as on the values, whatever those are; and what they refuse."""

from __future__ import annotations

import asyncio
import copy
import math
import operator
import os
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from headwater.engine.expression import Given
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headwater import CallError, Expression, Scheduler, UsageError, cond, len_, map_, task

headwater_namespace = "expressions"

BINARY: list[Callable[[Any, Any], Any]] = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, divmod),
    *(operator.lshift, operator.rshift, operator.xor, operator.eq, operator.ne),
    *(operator.lt, operator.le, operator.gt, operator.ge),
]
UNARY: list[Callable[[Any], Any]] = [
    *(operator.neg, operator.pos, operator.invert, abs, round, math.trunc, math.floor, math.ceil),
]

numbers = st.integers(-40, 40) | st.floats(-40, 40) | st.booleans()
operands = numbers | st.text(max_size=3) | st.lists(st.integers(0, 3), max_size=3)
bounds = st.none() | st.integers(-6, 6)


@task
def given_(value: Any) -> Any:
    return value


def outcome(evaluate: Callable[[], Any]) -> tuple[Any, ...]:
    """What came of it: a value with its type, or the class of the error."""
    try:
        value = evaluate()
    except Exception as error:
        return (type(error),)
    return type(value), value


def evaluated(build: Callable[[], Any]) -> tuple[Any, ...]:
    return outcome(lambda: Scheduler(record=False).run(build()))


@settings(max_examples=150, deadline=None)
@given(operands, operands, st.sampled_from(BINARY), st.sampled_from(["left", "right", "both"]))
def test_an_operator_gives_what_it_gives_of_the_values(
    left: Any, right: Any, function: Callable[[Any, Any], Any], lazy: str
) -> None:
    # A text formats whatever stands to the right of its %.
    assume(not (function is operator.mod and isinstance(left, str)))
    a: Any = left if lazy == "right" else given_(left)
    b: Any = right if lazy == "left" else given_(right)
    assert evaluated(lambda: function(a, b)) == outcome(lambda: function(left, right))


@settings(max_examples=60, deadline=None)
@given(operands, st.sampled_from(UNARY))
def test_so_do_operators_of_one_value(value: Any, function: Callable[[Any], Any]) -> None:
    assert evaluated(lambda: function(given_(value))) == outcome(lambda: function(value))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(), max_size=5), bounds, bounds, bounds, st.sets(st.integers(0, 2)))
def test_a_slice_takes_what_it_takes_of_a_list(
    values: list[int], start: Any, stop: Any, step: Any, lazy: set[int]
) -> None:
    parts = [given_(part) if i in lazy else part for i, part in enumerate((start, stop, step))]
    assert evaluated(lambda: given_(values)[slice(*parts)]) == outcome(lambda: values[start:stop:step])


def test_powers_remainders_and_lengths() -> None:
    run = Scheduler(record=False).run
    seven: Any = given_(7)
    assert run(
        [seven**2, 2**seven, pow(seven, 3, 5), pow(7, seven), divmod(23, seven), len_(given_([1]))]
    ) == [*(49, 128, 3, 7**7, (3, 2), 1)]


@pytest.mark.parametrize(
    "of", ["numpy.array", "numpy.float64", "pandas.Series", "pandas.Index", "pandas.DataFrame"]
)
def test_an_array_or_a_table_stands_to_the_left_of_a_lazy_value_as_a_number_does(
    scheduler: Scheduler, of: str
) -> None:
    module, _, name = of.partition(".")
    make = getattr(pytest.importorskip(module), name)
    left = make(2.0) if name == "float64" else make({"a": [1.0, 2.0]} if name == "DataFrame" else [1.0, 2.0])
    for operate in (
        operator.add,
        operator.sub,
        operator.mul,
        operator.truediv,
        operator.pow,
        operator.lt,
        operator.eq,
    ):
        lazy = operate(left, given_(3))
        assert isinstance(lazy, Expression)
        found, wanted = scheduler.run(lazy), operate(left, 3)
        assert type(found) is type(wanted)
        assert repr(found) == repr(wanted)


def test_lazy_bounds_of_several_slices() -> None:
    numpy = pytest.importorskip("numpy")
    matrix: Any = given_(numpy.arange(12).reshape(3, 4))
    found = Scheduler(record=False).run(matrix[given_(1) :, : given_(2)])
    assert found.tolist() == [[4, 5], [8, 9]]


def test_what_follows_from_python_s_own_rules_is_lazy_too() -> None:
    total: Any = sum([given_(1), given_(2)])
    total += 3
    assert isinstance(total, Expression)
    assert Scheduler(record=False).run(total) == 6


def set_item(value: Any) -> None:
    value[0] = 1


def delete_item(value: Any) -> None:
    del value[0]


def set_attribute(value: Any) -> None:
    value.name = 1


def add_to_attribute(value: Any) -> None:
    value.name += 1


def delete_attribute(value: Any) -> None:
    del value.name


def enter(value: Any) -> None:
    with value:
        pass


def run_async(body: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: asyncio.run(body(value))


async def enter_async(value: Any) -> None:
    async with value:
        pass


async def loop_async(value: Any) -> None:
    async for _ in value:
        pass


@pytest.mark.parametrize(
    ("use", "instead"),
    [
        pytest.param(bool, "cond(value, then, otherwise)", id="if"),
        pytest.param(lambda v: 1 < v < 3, "cond(value, then, otherwise)", id="chain"),
        pytest.param(lambda v: max(v, 1), "cond(value, then, otherwise)", id="max"),
        pytest.param(len, "len_(value)", id="len"),
        pytest.param(list, "nout=N", id="for"),
        pytest.param(str, "a task that formats it", id="str"),
        pytest.param(lambda v: f"{v:.2f}", "a task that formats it", id="f-string"),
        pytest.param(int, "a task that returns its int()", id="int"),
        pytest.param(float, "a task that returns its float()", id="float"),
        pytest.param(bytes, "a task that returns its bytes()", id="bytes"),
        pytest.param(complex, "a task that returns its complex()", id="complex"),
        pytest.param(range, "a task that takes it as an argument", id="range"),
        pytest.param(os.fspath, "a task that takes it as an argument", id="path"),
        pytest.param(next, "value[0]", id="next"),
        pytest.param(reversed, "value[::-1]", id="reversed"),
        pytest.param(lambda v: 1 in v, "a task that returns the answer to `in`", id="in"),
        pytest.param(enter, "a task that enters it", id="with"),
        pytest.param(run_async(enter_async), "a task that enters it", id="async with"),
        pytest.param(run_async(loop_async), "`await` in the body", id="async for"),
        pytest.param(set_attribute, "Change a copy inside a task", id="set attribute"),
        pytest.param(add_to_attribute, "Change a copy inside a task", id="add to attribute"),
        pytest.param(delete_attribute, "Change a copy inside a task", id="delete attribute"),
        pytest.param(set_item, "Change a copy inside a task", id="set item"),
        pytest.param(delete_item, "Change a copy inside a task", id="delete item"),
    ],
)
def test_what_a_lazy_value_cannot_do_says_what_to_use_instead(use: Any, instead: str) -> None:
    with pytest.raises(CallError, match="is a lazy value") as caught:
        use(given_(1))
    assert instead in str(caught.value)
    assert "expressions.given_(1)" in str(caught.value)


def test_what_is_the_task_s_and_is_asked_of_a_call_is_told_so() -> None:
    with pytest.raises(CallError, match=r"like task\.options\(\.\.\.\)\(\.\.\.\)"):
        Scheduler(record=False).run(given_(1).options(cache=False))
    with pytest.raises(AttributeError, match="nowhere"):
        Scheduler(record=False).run(given_(1).nowhere)


@pytest.mark.parametrize("use", [lambda v: {**v}, lambda v: given_(**v), dict])
def test_a_lazy_dict_is_not_unpacked(use: Any) -> None:
    with pytest.raises(
        UsageError, match=r"expressions\.given_\(1\) is a lazy value: .* unpack it inside the task"
    ):
        use(given_(1))


@pytest.mark.parametrize("lazy", [lambda: given_(1) + given_(2), lambda: given_([1])[given_(0)]])
def test_what_a_lazy_value_gives_when_it_is_called_is_not_taken_for_a_dict(lazy: Any) -> None:
    called = lazy()()
    with pytest.raises(CallError, match="how many items it has is not known"):
        iter(called)


@pytest.mark.parametrize("lazy", [cond(given_(1), [2], [3]), given_([1, 2])[:1], map_(given_, [1, 2])])
def test_what_is_no_call_of_a_task_is_not_told_to_have_a_number_of_items(lazy: Any) -> None:
    with pytest.raises(
        CallError, match=r"Use value\[0\], value\[1\] … to unpack it, or a task that loops over it\."
    ):
        list(lazy)


@pytest.mark.parametrize("lazy", [given_(2)[0] + 1, cond(given_(1), 2, 3), Given([5], (1,))])
def test_a_lazy_value_is_copied_and_pickled_as_what_it_is(lazy: Any) -> None:
    for made in (copy.copy(lazy), copy.deepcopy(lazy), pickle.loads(pickle.dumps(lazy))):
        assert repr(made) == repr(lazy)
