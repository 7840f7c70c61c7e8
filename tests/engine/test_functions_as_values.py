"""A function that is handed over counts with its code, also where a decorator of a library made it."""

from __future__ import annotations

import types

import pytest
from headwater.engine.code_values import code_record, is_current
from headwater.engine.errors import Unrecordable
from headwater.engine.values import hash_value

from headwater import Project, Scheduler
from tests.engine.code_projects import Load, fp

_FLOW = """
import contextlib
import functools
from headwater import task

headwater_namespace = "functions"

@contextlib.contextmanager
def opened():
    yield 1

@functools.singledispatch
def shown(x):
    return 1

@functools.cache
@contextlib.contextmanager
def cached():
    yield 1

class Door:
    @staticmethod
    @contextlib.contextmanager
    def opened():
        yield 1

@task
def called(f):
    return f(0)

@task
def entered(f):
    with f() as inside:
        return inside

@task
def main():
    return [entered(opened), called(shown), entered(cached), entered(Door.opened), entered(functools.partial(opened))]
"""


def test_a_function_that_a_library_made_counts_with_what_it_was_put_around(
    load: Load, local_project: Project
) -> None:
    for number in (1, 2, 1):
        module = load(
            flow=_FLOW.replace("yield 1", f"yield {number}").replace("return 1", f"return {number}")
        )
        assert Scheduler(local_project).run(module.main()) == [number] * 5
    again = load(flow=_FLOW)
    for function in (again.opened, again.shown, again.Door.opened):
        recorded = code_record(function)
        assert is_current(recorded.path, recorded.evidence, recorded.digest)
    load(flow=_FLOW.replace("yield 1", "yield 2"))
    recorded = code_record(again.opened)
    assert not is_current(recorded.path, recorded.evidence, recorded.digest)


def test_what_is_registered_with_it_and_its_decorators_count(load: Load) -> None:
    text = (
        "import functools, contextlib\n@functools.singledispatch\ndef shown(x):\n    return 0\n"
        "@shown.register\ndef _(x: int):\n    return 1\n"
        "def again(times):\n    def around(f):\n        return contextlib.contextmanager(f)\n    return around\n"
        "@again(3)\ndef opened():\n    yield 4\n"
    )
    before = load(flow=text)
    hashes = hash_value(before.shown), hash_value(before.opened)
    for old, new, changed in [
        ("return 1", "return 2", 0),
        ("return 0", "return 2", 0),
        ("again(3)", "again(5)", 1),
        ("yield 4", "yield 5", 1),
    ]:
        module = load(flow=text.replace(old, new))
        now = hash_value(module.shown), hash_value(module.opened)
        assert [was == is_ for was, is_ in zip(hashes, now, strict=True)] == [changed != 0, changed != 1]


_GIVEN = """
import functools
from headwater import task

headwater_namespace = "given"

def limited(n):
    def put(f):
        f.limit = n
        return f
    return put

@limited(1)
def decorated():
    pass

def assigned():
    pass
assigned.limit = 2

@functools.cache
@limited(3)
def cached():
    pass

class Outer:
    class Inner:
        TABLE = [4]
        @functools.cache
        def cached(self):
            return 5
        class Inmost:
            n = [6]

Outer.Inner.later = [7]

@task
def limit(f):
    return f.limit

@task
def seen(o):
    return o.TABLE + [o.cached()] + o.Inmost.n + o.later

@task
def main():
    return [limit(decorated), limit(assigned), limit(cached), seen(Outer.Inner())]
"""


def test_what_decorators_and_statements_put_on_a_function_or_an_inner_class_counts(
    load: Load, local_project: Project
) -> None:
    given = [1, 2, 3, [4, 5, 6, 7]]
    assert Scheduler(local_project).run(load(given=_GIVEN).main()) == given
    text = _GIVEN
    for old, new in {"(1)": "(11)", "= 2": "= 12", "(3)": "(13)"}.items():
        text = text.replace(old, new)
    assert Scheduler(local_project).run(load(given=text).main()) == [11, 12, 13, [4, 5, 6, 7]]
    for at, (old, new) in enumerate(
        {"[4]": "[14]", "return 5": "return 15", "[6]": "[16]", "[7]": "[17]"}.items()
    ):
        text = text.replace(old, new)
        expected = [14, 15, 16, 17][: at + 1] + [4, 5, 6, 7][at + 1 :]
        assert Scheduler(local_project).run(load(given=text).main())[3] == expected


def test_what_a_function_puts_on_itself_when_it_runs_counts_not(load: Load) -> None:
    text = "def counted():\n    counted.calls = getattr(counted, 'calls', 0) + 1\n"
    before = hash_value(load(flow=text).counted)
    again = load(flow=text)
    again.counted()
    assert hash_value(again.counted) == before


def test_a_variable_or_a_table_that_holds_one_counts_with_it(load: Load) -> None:
    held = (
        "import contextlib\ndef make():\n    @contextlib.contextmanager\n    def opened():\n        yield 1\n"
        "    def step(x):\n        return opened()\n    return step\nstep = make()\n"
    )
    table = (
        "import contextlib\nH = {}\ndef handler(f):\n    H[f.__name__] = f\n    return f\n"
        "@handler\n@contextlib.contextmanager\ndef opened():\n    yield 1\n"
        "def step(x):\n    return H['opened']()\n"
    )
    for text in held, table:
        before = fp(load(flow=text).step)
        assert before.digest != fp(load(flow=text.replace("yield 1", "yield 2")).step).digest
        assert before.uncounted == ()


def test_a_method_that_its_object_does_not_give_under_its_name_is_refused(load: Load) -> None:
    module = load(
        flow="def shown(f):\n    def inner(*args):\n        return f(*args)\n    return inner\n"
        "class A:\n    def go(self):\n        return 1\n    def __own(self):\n        return 3\n"
        "    def own(self):\n        return self.__own\n"
        "class B(A):\n    def go(self):\n        return 2\n    def __own(self):\n        return 4\n"
        "    def other(self):\n        return self.__own\n"
        "    @shown\n    def one(self):\n        return 1\n    @shown\n    def two(self):\n        return 2\n"
    )
    one = module.B()
    for method in super(module.B, one).go, one.one, one.two, types.MethodType(module.shown, one):
        with pytest.raises(Unrecordable, match="under its name"):
            hash_value(method)
    assert hash_value(one.go) == hash_value(module.B().go)
    assert hash_value(one.own()) != hash_value(one.other())
    assert hash_value([].append) != hash_value([].pop)
