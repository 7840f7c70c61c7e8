"""Code that is registered when a module is imported counts for what holds it."""

from __future__ import annotations

import ast
import importlib
import sys
from types import ModuleType

import pytest
from headwater.engine.code_source import Definition, SourceFile

from tests.engine.code_projects import Load, Step, fp, same

_STEP = "def step(x):\n    return {}(x)\n"
_FORMS = {
    "decorator": (
        "H = {}\ndef handler(f):\n    H[f.__name__] = f\n    return f\n@handler\ndef parse(x):\n    return 1\n",
        "H['parse']",
    ),
    "decorator of an object": (
        "class R:\n    def __init__(self):\n        self.h = {}\n    def add(self, f):\n        self.h['f'] = f\n"
        "        return f\nr = R()\n@r.add\ndef parse(x):\n    return 1\n",
        "r.h['f']",
    ),
    "wrapper": (
        "import functools\nH = {}\ndef handler(f):\n    @functools.wraps(f)\n    def inner(x):\n        return f(x)\n"
        "    H[f.__name__] = [inner]\n    return f\n@handler\ndef parse(x):\n    return 1\n",
        "H['parse'][0]",
    ),
    "subclass": (
        "H = []\nclass Base:\n    def __init_subclass__(cls):\n        H.append(cls)\n"
        "class One(Base):\n    def m(self):\n        return 1\n",
        "H[0]",
    ),
    "subclass in its base": (
        "class Base:\n    H = {}\n    def __init_subclass__(cls):\n        Base.H['a'] = cls\n"
        "class One(Base):\n    def m(self):\n        return 1\n",
        "Base.H['a']",
    ),
    "setattr": (
        "class A:\n    pass\ndef m(self, x):\n    return 1\nfor name in ('m',):\n    setattr(A, name, m)\n",
        "A().m",
    ),
    "filled": (
        "H = {}\ndef f(x):\n    return 1\ndef fill(table):\n    table['a'] = f\nfill(H)\n",
        "H['a']",
    ),
    "partial": (
        "from functools import partial\nH = {}\ndef f(n, x):\n    return 1\ndef fill(table):\n"
        "    table['a'] = partial(f, 1)\nfill(H)\n",
        "H['a']",
    ),
}


@pytest.mark.parametrize("form", _FORMS)
def test_what_is_registered_on_import_counts(load: Load, form: str) -> None:
    text, read = _FORMS[form]
    text += _STEP.format(read)
    assert not same(load, {"flow": text}, {"flow": text.replace("return 1\n", "return 2\n")})
    module = load(flow=text)
    assert fp(module.step).uncounted == ()
    assert fp(load(flow=text).step).digest == fp(load(flow=text).step).digest


def test_which_key_a_function_stands_under_counts(load: Load) -> None:
    text = "H = {}\ndef f(x):\n    return 1\ndef g(x):\n    return 2\ndef fill(t, a, b):\n    t.update(a=a, b=b)\n"
    text += "fill(H, f, g)\n" + _STEP.format("H['a']")
    assert not same(load, {"flow": text}, {"flow": text.replace("(H, f, g)", "(H, g, f)")})


def test_a_table_of_another_module_holds_what_this_one_registers(load: Load) -> None:
    files = {
        "flow": "from reg import H, handler\n@handler\ndef parse(x):\n    return 1\n"
        + _STEP.format("H['parse']"),
        "reg": "H = {}\ndef handler(f):\n    H[f.__name__] = f\n    return f\n",
    }
    assert not same(load, files, {**files, "flow": files["flow"].replace("return 1", "return 2")})


_ELSEWHERE = {
    "attribute": ("self.items[f.__name__] = f", "class Table:\n", "TABLE.items['parse']"),
    "slot": (
        "self.items[f.__name__] = f",
        "class Table:\n    __slots__ = ('items',)\n",
        "TABLE.items['parse']",
    ),
    "method": (
        "",
        "class Table:\n    @singledispatchmethod\n    def go(self, x):\n        return 0\n",
        "TABLE.go",
    ),
}


@pytest.mark.parametrize("form", _ELSEWHERE)
def test_what_another_module_registers_in_an_object_counts(load: Load, form: str) -> None:
    put, head, read = _ELSEWHERE[form]
    files = {
        "flow": "import more\nfrom reg import TABLE\n" + _STEP.format(read),
        "reg": f"from functools import singledispatchmethod\n{head}    def __init__(self):\n        self.items = {{}}\n"
        f"    def add(self, f):\n        {put or 'self.go.register(f)'}\n        return f\nTABLE = Table()\n",
        "more": "from reg import TABLE\n@TABLE.add\ndef parse(*x: int):\n    return 1\n",
    }
    if not put:
        files["more"] = "from reg import TABLE\n@TABLE.go.register\ndef parse(self, x: int):\n    return 1\n"
    assert not same(load, files, {**files, "more": files["more"].replace("return 1", "return 2")})


def test_what_another_module_registers_with_a_single_dispatch_function_counts(load: Load) -> None:
    files = {
        "flow": "import more\nfrom shown import show\n" + _STEP.format("show"),
        "shown": "from functools import singledispatch\n@singledispatch\ndef show(x):\n    return 1\n"
        "@show.register\ndef _(x: str):\n    return 2\n",
        "more": "from shown import show\n@show.register(int)\ndef _(x):\n    return 3\n",
    }
    for old, new in ("return 3", "return 4"), ("(int)", "(float)"):
        assert not same(load, files, {**files, "more": files["more"].replace(old, new)})
    names = [one.name for one in fp(load(**files).step).counted]
    assert "more._" in names
    assert "shown._" not in names


def test_tasks_in_a_table_count_by_name(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = ModuleType("test_code_step")
    stand_in.Step = Step  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "test_code_step", stand_in)
    text = (
        "from test_code_step import Step\nH = {}\n@Step\ndef f(x):\n    return 1\ndef reg(t):\n    t['a'] = f\nreg(H)\n"
        + _STEP.format("H['a']")
    )
    assert same(load, {"flow": text}, {"flow": text.replace("return 1", "return 2")})
    assert not same(load, {"flow": text}, {"flow": text.replace("def f", "def g").replace("= f", "= g")})


def test_what_statements_name_is_not_counted_twice_nor_what_a_library_made(load: Load) -> None:
    module = load(
        flow="import enum, math\nfrom dataclasses import dataclass\nfrom deco import shown\n"
        "def f(x):\n    return 1\n"
        "@dataclass\nclass P:\n    a: int = 1\n    @shown\n    def m(self):\n        return 2\n"
        "class E(enum.Enum):\n    A = 1\n"
        "ONE = [f, P]\nH = {'f': f, 'sin': math.sin, 'l': lambda x: x, 'in': ONE, 'n': {'m': P.m}, 3: E}\n"
        "COPY = {**H, 'one': ONE[0]}\nDATA = [(1, 2), 3]\n"
        "def step(x):\n    return COPY, DATA, E.A\n",
        deco="def shown(f):\n    def inner(*args):\n        return f(*args)\n    return inner\n",
    )
    result = fp(module.step)
    assert [counted.name.partition(".")[2] for counted in result.counted] == [
        *("shown", "COPY", "DATA", "E", "H", "ONE", "P", "f")
    ]
    assert result.uncounted == ()


def test_what_is_too_large_to_be_looked_through_is_said(load: Load) -> None:
    text = "H = [(n, n) for n in range({})]\n" + _STEP.format("H")
    assert fp(load(flow=text.format(10)).step).uncounted == ()
    assert [one.name for one in fp(load(flow=text.format(20_000)).step).uncounted] == ["flow.H"]
    assert fp(load(flow=text.replace("(n, n)", "n").format(20_000)).step).uncounted == ()


def test_which_modules_happen_to_be_imported_does_not_count_where_code_asks_for_subclasses(
    load: Load,
) -> None:
    files = {
        "flow": "from base import Base\ndef step(x):\n    return [one().go() for one in Base.__subclasses__()]\n",
        "base": "class Base:\n    def go(self):\n        return 0\n",
        "plug": "from base import Base\nclass Far(Base):\n    def go(self):\n        return 2\n",
    }
    without = fp(load(**files).step)
    step = load(**files).step
    importlib.import_module("plug")
    assert fp(step).digest == without.digest


def test_what_another_module_puts_in_a_registry_of_ones_own_counts(load: Load) -> None:
    files = {
        "flow": "from shown import show\n" + _STEP.format("show"),
        "shown": "from types import MappingProxyType\nimport more\ndef show(x):\n    return show.registry['a'](x)\n"
        "show.registry = MappingProxyType({'a': more.impl})\n",
        "more": "def impl(x):\n    return 1\n",
    }
    assert not same(load, files, {**files, "more": files["more"].replace("return 1", "return 2")})


_STANDS_IN = {
    "__getattr__": "",
    "__getattribute__": "        if name == '__class__':\n            return Proxy\n",
}


@pytest.mark.parametrize("form", ["A.proxy = Proxy()\n", "B = Proxy()\n", "A.proxy = [Proxy()]\n"])
@pytest.mark.parametrize("way", _STANDS_IN)
def test_what_stands_in_for_nothing_yet_is_no_obstacle(load: Load, form: str, way: str) -> None:
    head = f"class Proxy:\n    def {way}(self, name):\n{_STANDS_IN[way]}        raise RuntimeError('no request')\n"
    text = head + "class A:\n    def m(self):\n        return 1\n" + form + "def step(x):\n    return A, "
    text += "B\n" if form[0] == "B" else "A\n"
    assert not same(load, {"flow": text}, {"flow": text.replace("return 1", "return 2")})


_SET = {
    "itself": ("setattr(f, 'limit', 1)\n", "f"),
    "held": ("setattr(f, 'limit', 1)\nH = [f]\n", "H"),
    "in passing": ("[setattr(f, 'limit', n) for n in (1,)]\n", "f"),
    "in a function": ("def fill():\n    setattr(f, 'limit', 1)\nfill()\n", "f"),
}


@pytest.mark.parametrize("form", _SET)
def test_what_setattr_puts_on_a_function_counts(load: Load, form: str) -> None:
    put, read = _SET[form]
    text = "def f(x):\n    return f.limit\n" + put
    text += f"def step(x):\n    return {read}\n"
    assert not same(load, {"flow": text}, {"flow": text.replace("1", "2")})


def test_a_function_that_setattr_puts_somewhere_stays_what_it_is(load: Load) -> None:
    text = (
        "class A:\n    pass\ndef f(x):\n    return 1\nsetattr(A, 'first', f)\ndef step(x):\n    return f(x)\n"
    )
    assert same(load, {"flow": text}, {"flow": text.replace("'first'", "'second'")})


def test_a_class_is_found_among_thousands_without_looking_at_all(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    text = "H = []\n" + "".join(
        f"def make{n}():\n    class L:\n        k = {n}\n        def m(self):\n            pass\n    return L\n"
        f"H.append(make{n}())\n"
        for n in range(60)
    )
    module = load(flow=text + _STEP.format("H"))
    looked = SourceFile.definitions_within

    def counted(self: SourceFile, node: ast.AST) -> list[Definition]:
        found = looked(self, node)
        asked.append(len(found))
        return found

    monkeypatch.setattr(SourceFile, "definitions_within", counted)
    assert "flow.make59.<locals>.L" in [one.name for one in fp(module.step).counted]
    assert sum(asked) < 60 * 60
