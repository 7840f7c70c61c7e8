"""Promises by themselves: settled once, told in order, however deep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater import CallError, Promise, wait_promises


def rejected(error: Exception) -> Promise[Any]:
    promise: Promise[Any] = Promise()
    promise.do_reject(error)
    return promise


def fulfilled(value: Any) -> Promise[Any]:
    return Promise(lambda resolve, reject: resolve(value))


def test_a_promise_is_pending_until_it_is_settled_once() -> None:
    promise: Promise[int] = Promise()
    assert (promise.is_pending, promise.is_fulfilled, promise.is_rejected) == (True, False, False)
    with pytest.raises(CallError, match="pending: it has no value yet"):
        _ = promise.value
    with pytest.raises(CallError, match="pending: it has no error"):
        _ = promise.error
    promise.do_resolve(1)
    promise.do_resolve(2)
    promise.do_reject(ValueError("late"))
    assert (promise.is_pending, promise.is_fulfilled, promise.is_rejected) == (False, True, False)
    assert promise.value == 1
    assert repr(promise) == "Promise(fulfilled, 1)"
    with pytest.raises(CallError, match="fulfilled: it has no error"):
        _ = promise.error


def test_one_that_follows_another_follows_no_second_one() -> None:
    first, second = Promise[int](), Promise[int]()
    first.do_resolve(second)
    first.do_resolve(5)
    first.do_reject(ValueError("late"))
    assert first.is_pending
    second.do_resolve(6)
    assert first.value == 6


def test_what_would_never_be_settled_or_is_no_error_is_refused() -> None:
    promise = Promise[int]()
    with pytest.raises(CallError, match="cannot become what it becomes itself"):
        promise.do_resolve(promise)
    with pytest.raises(CallError, match=r"do_reject\('text'\): an exception is needed"):
        promise.do_reject("text")  # type: ignore[arg-type]
    assert promise.is_pending
    with pytest.raises(CallError, match="an exception is needed"):
        _ = Promise[int](lambda resolve, reject: reject("text")).value  # type: ignore[arg-type]


def test_those_to_wait_for_may_come_one_by_one() -> None:
    def settled(n: int) -> Promise[int]:
        return Promise(lambda resolve, reject: resolve(n))

    assert Promise.all(settled(n) for n in range(3)).value == [0, 1, 2]
    assert [one.value for one in wait_promises(settled(n) for n in range(3)).value] == [0, 1, 2]


def test_a_rejected_one_has_its_error() -> None:
    error = ValueError("x")
    promise = rejected(error)
    promise.do_resolve(1)
    assert promise.is_rejected
    assert promise.error is error
    with pytest.raises(ValueError, match="x"):
        _ = promise.value


def test_its_function_settles_it_and_an_error_of_that_rejects_it() -> None:
    assert fulfilled(3).value == 3
    assert isinstance(Promise(lambda resolve, reject: reject(KeyError("k"))).error, KeyError)

    def broken(resolve: Any, reject: Any) -> None:
        raise OSError("o")

    assert isinstance(Promise(broken).error, OSError)


def test_what_is_asked_for_is_called_now_or_later_in_order() -> None:
    seen: list[Any] = []
    promise: Promise[int] = Promise()
    promise.then(lambda v: seen.append(("first", v)))
    promise.then(lambda v: seen.append(("second", v)))
    assert seen == []
    promise.do_resolve(1)
    promise.then(lambda v: seen.append(("third", v)))
    assert seen == [("first", 1), ("second", 1), ("third", 1)]


def test_a_chain_hands_on_values_errors_and_promises() -> None:
    later: Promise[int] = Promise()
    chain = fulfilled(1).then(lambda v: v + 1).then(lambda v: later).then(lambda v: v * 10)
    assert chain.is_pending
    later.do_resolve(4)
    assert chain.value == 40
    failed = fulfilled(1).then(lambda v: 1 // 0).then(lambda v: "never")
    assert isinstance(failed.error, ZeroDivisionError)
    assert failed.catch(lambda e: type(e).__name__).value == "ZeroDivisionError"
    assert fulfilled(1).catch(lambda e: "never").value == 1
    assert failed.then(lambda v: "never", lambda e: "mended").value == "mended"
    assert isinstance(failed.catch(lambda e: {}["k"]).error, KeyError)
    assert isinstance(fulfilled(1).then(lambda v: rejected(OSError())).error, OSError)
    outer: Promise[int] = Promise()
    outer.do_resolve(rejected(KeyError("k")))
    assert isinstance(outer.error, KeyError)


def test_all_are_waited_for_or_the_first_error() -> None:
    one, two = Promise[int](), Promise[int]()
    both = Promise.all([one, fulfilled(5), two])
    two.do_resolve(2)
    assert both.is_pending
    one.do_resolve(1)
    assert both.value == [1, 5, 2]
    assert Promise.all([]).value == []
    early: Promise[int] = Promise()
    assert isinstance(Promise.all([early, rejected(ValueError())]).error, ValueError)
    early.do_reject(KeyError())


def test_all_can_be_waited_for_whatever_becomes_of_them() -> None:
    one: Promise[int] = Promise()
    parts = [one, rejected(ValueError("x")), fulfilled(2)]
    waiting = wait_promises(parts)
    assert waiting.is_pending
    one.do_reject(KeyError())
    assert waiting.value == parts
    assert [part.is_rejected for part in waiting.value] == [True, True, False]
    assert wait_promises([]).value == []


def test_long_chains_need_no_deep_stack() -> None:
    first: Promise[int] = Promise()
    last: Promise[int] = first
    for _ in range(50_000):
        last = last.then(lambda v: v + 1)
    first.do_resolve(0)
    assert last.value == 50_000

    def count(n: int) -> Any:
        return fulfilled(n - 1).then(count) if n else "done"

    assert count(20_000).value == "done"


def test_what_leaves_a_callback_past_errors_leaves_nothing_behind() -> None:
    def leave(_: Any) -> None:
        raise SystemExit(3)

    promise: Promise[int] = Promise()
    promise.then(leave)
    with pytest.raises(SystemExit):
        promise.do_resolve(1)
    assert fulfilled(1).then(lambda v: v + 1).value == 2


@given(st.permutations(range(6)), st.lists(st.sampled_from(range(6)), max_size=12))
def test_callbacks_come_in_the_order_of_settling_and_of_asking(order: list[int], asked: list[int]) -> None:
    promises: list[Promise[int]] = [Promise() for _ in range(6)]
    seen: list[tuple[int, int]] = []
    for number, which in enumerate(asked):
        promises[which].then(lambda v, number=number: seen.append((v, number)))  # type: ignore[misc]
    for which in order:
        promises[which].do_resolve(which)
    wanted = [(which, number) for which in order for number, one in enumerate(asked) if one == which]
    assert seen == wanted
