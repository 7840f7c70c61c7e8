"""What code reads, and what of it can be covered: classes, defaults, closures, tasks, imports."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from headwater.engine.code_reads import reads_of

from tests.engine.code_projects import Load, Step, fp, same

CLASSES = """\
from base import Base
RATE = 2
class Model(Base):
    size: int = RATE
    @staticmethod
    def scaled(x):
        return scale(x)
    @property
    def name(self):
        return NAME
    class Inner:
        deep = DEEP = 1
def scale(x):
    return x
NAME = "model"
def step(x):
    return Model(x).scaled(x)
def typed(x: "list[Model] | None"):
    return x
"""


@pytest.mark.parametrize("name", ["step", "typed"])
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("flow", "RATE = 2", "RATE = 3"),
        ("flow", "return scale(x)", "return scale(x) + 1"),
        ("flow", "return x\nNAME", "return -x\nNAME"),
        ("flow", '"model"', '"other"'),
        ("flow", "DEEP = 1", "DEEP = 2"),
        ("base", "return 1", "return 2"),
        ("base", "LEVEL = 1", "LEVEL = 2"),
    ],
)
def test_classes_count_with_their_methods_bases_and_what_these_read(
    load: Load, name: str, file: str, old: str, new: str
) -> None:
    files = {
        "flow": CLASSES,
        "base": "LEVEL = 1\nclass Root:\n    pass\n"
        "class Base(Root):\n    def __init__(self, x):\n        self.x = LEVEL\n"
        "    def m(self):\n        return 1\n",
    }
    assert old in files[file]
    assert not same(load, files, {**files, file: files[file].replace(old, new)}, name)


_LOCAL = """\
from functools import lru_cache
LEVEL = 5
def make():
    class Model:
        TABLE = [1]
        @lru_cache
        def cached(self):
            return 2
        @property
        def level(self):
            return LEVEL
        class Inner:
            deep = [3]
    def step(x):
        return Model
    return step
step = make()
"""


def test_a_class_inside_a_function_counts_with_its_statement(load: Load) -> None:
    for old in "[1]", "return 2", "[3]", "LEVEL = 5":
        assert not same(load, {"flow": _LOCAL}, {"flow": _LOCAL.replace(old, f"{old}  or 0")}), old
    assert fp(load(flow=_LOCAL).step).uncounted == ()
    assert same(load, {"flow": _LOCAL}, {"flow": f"# one\n\n{_LOCAL}\n\ndef other():\n    return 1\n"})


def test_defaults_count(load: Load) -> None:
    text = "LIMIT = 1\nTABLE = [1]\ndef key(x):\n    return x\n"
    text += "def step(x, n=LIMIT, *, by=key, table=TABLE):\n    return x\n"
    for old, new in ("LIMIT = 1", "LIMIT = 2"), ("return x\ndef", "return -x\ndef"), ("[1]", "[2]"):
        assert not same(load, {"flow": text}, {"flow": text.replace(old, new)})


def test_of_a_closure_only_what_cannot_change_counts(load: Load) -> None:
    text = (
        "def make(n, items, func):\n    def step(x):\n        items.append(func(x))\n        return n + x\n"
        "    return step\ndef f(x):\n    return x\nstep = make(1, [], f)\n"
    )
    result = fp(load(flow=text).step)
    assert [(counted.name, counted.kind) for counted in result.counted] == [
        ("flow.f", "function"),
        ("flow.make.<locals>.step.n", "variable"),
    ]
    assert [(one.name, one.reason) for one in result.uncounted] == [
        ("flow.make.<locals>.step.items", "a list, which may change")
    ]
    assert not same(load, {"flow": text}, {"flow": text.replace("make(1,", "make(2,")})
    assert not same(load, {"flow": text}, {"flow": text.replace("return x\n", "return -x\n")})
    assert same(load, {"flow": text}, {"flow": text.replace("[]", "[1]")})


TASKS = """\
from test_code_step import Step
def child(x):
    return 1
child = Step(child)
def raw(x):
    return child.func(x)
def step(x):
    return child(x)
"""


def test_tasks_count_only_where_their_function_is_read(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = ModuleType("test_code_step")
    stand_in.Step = Step  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "test_code_step", stand_in)
    as_decorator = TASKS.replace("child = Step(child)\n", "").replace("def child", "@Step\ndef child")
    changed = as_decorator.replace("return 1", "return 2")
    assert same(load, {"flow": as_decorator}, {"flow": changed}, "step")
    assert not same(load, {"flow": as_decorator}, {"flow": changed}, "raw")
    assert fp(load(flow=as_decorator).step).counted == ()


def test_reading_another_task_in_its_place_counts(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = ModuleType("test_code_step")
    stand_in.Step = Step  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "test_code_step", stand_in)
    files = {
        "flow": "from a import child\ndef step(x):\n    return child(x)\n",
        "a": "from test_code_step import Step\n@Step\ndef child(x):\n    return 1\n",
        "b": "from test_code_step import Step\n@Step\ndef child(x):\n    return 1\n",
    }
    assert not same(load, files, {**files, "flow": files["flow"].replace("from a", "from b")})


def test_what_cannot_be_covered_is_listed_with_the_reason(load: Load) -> None:
    module = load(
        flow=(
            "import helpers, numpy, math\nfrom helpers import *\nfrom hypothesis import given\n"
            "COUNT = 0\ndef bump():\n    global COUNT\n    COUNT += 1\n"
            "def step(x):\n"
            "    getattr(helpers, x)()\n    eval('1')\n    missing(x)\n    math.sin(1)\n    made()\n"
            "    return numpy.array(starred(x)), given, COUNT, helpers.later\n"
        ),
        helpers="def starred(x):\n    return x\nglobals()['later'] = object()\nglobals()['made'] = len\n",
    )
    result = fp(module.step)
    assert [counted.name for counted in result.counted] == ["flow.COUNT", "helpers.starred"]
    assert {one.name: one.reason for one in result.uncounted} == {
        "eval": "runs code that is made at run time",
        "flow.COUNT": "functions assign it too (`global`): only its module-level statements count",
        "flow.missing": "there is no such name (yet)",
        "helpers": "the module is used as a whole, as helpers: what is read from it is not seen",
        "helpers.later": "a object that no statement at the top level of its module assigns",
        "hypothesis": "installed package",
        "numpy": "installed package",
    }


def counted_before_and_after_a_call(load: Load, files: dict[str, str]) -> list[str]:
    """What counts for `step`, which must be the same when the imports inside it were done."""
    module = load(**files)
    first = fp(module.step)
    module.step(1)
    assert fp(module.step) == first
    return [counted.name for counted in first.counted]


def test_imports_inside_the_code_are_followed_the_same_whether_done_already_or_not(load: Load) -> None:
    files = {
        "flow": "def step(x):\n    import late\n    from pkg import sub\n    from pkg.one import f\n"
        "    import fractions, numpy\n    return late.g(x), sub.h(x), f(x)\n",
        "late": "def g(x):\n    return 1\ndef other(x):\n    return 1\n",
        "pkg__sub": "def h(x):\n    return 1\n",
        "pkg__one": "def f(x):\n    return 1\n",
    }
    assert counted_before_and_after_a_call(load, files) == ["late.g", "pkg.one.f", "pkg.sub.h"]
    for file in "late", "pkg__sub", "pkg__one":
        assert not same(load, files, {**files, file: files[file].replace("return 1", "return 2", 1)})


def test_re_exports_through_a_package_are_followed(load: Load) -> None:
    files = {
        "flow": "import lib\nfrom lib import tidy\ndef step(x):\n    return tidy(x), lib.other(x)\n",
        "lib__inner": "def clean(x):\n    return 1\ndef other(x):\n    return 1\n",
        "lib__INIT": "from .inner import clean as tidy\nfrom .inner import *\n",
    }
    result = fp(load(**files).step)
    assert [counted.name for counted in result.counted] == ["lib.inner.clean", "lib.inner.other"]


_WAYS = {
    "from pkg import sub": "sub.helper",
    "import pkg": "pkg.sub.helper",
    "import pkg.sub": "pkg.sub.helper",
    "import pkg.sub as sub": "sub.helper",
    "from pkg.sub import helper": "helper",
    "import pkg as p": "p.sub.helper",
}


@pytest.mark.parametrize("place", ["global", "local"])
@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize(
    "init", ["from . import sub", "from pkg import sub", "import pkg.sub", "from . import other as o, sub"]
)
def test_a_submodule_that_its_package_imports_is_gone_into(
    load: Load, init: str, way: str, place: str
) -> None:
    flow = {
        "global": f"{way}\ndef step(x):\n    return {_WAYS[way]}(x)\n",
        "local": f"def step(x):\n    {way}\n    return {_WAYS[way]}(x)\n",
    }
    files = {
        "flow": flow[place],
        "pkg__INIT": f"{init}\n",
        "pkg__sub": "from . import cfg\ndef helper(x):\n    return 1 + cfg.LIMIT\n",
        "pkg__cfg": "LIMIT = 3\n",
        "pkg__other": "",
    }
    result = fp(load(**files).step)
    assert [counted.name for counted in result.counted] == ["pkg.cfg.LIMIT", "pkg.sub.helper"]
    assert result.uncounted == ()
    for file, old, new in ("pkg__sub", "return 1", "return 2"), ("pkg__cfg", "= 3", "= 4"):
        assert not same(load, files, {**files, file: files[file].replace(old, new)})


def test_siblings_and_bases_are_found_through_a_package_that_imports_them(load: Load) -> None:
    files = {
        "flow": "import pk\nfrom pk import work\nclass C(pk.base.B):\n    pass\n"
        "def step(x):\n    return C(), work.f(x)\n",
        "pk__INIT": "from . import cfg\nfrom . import base, work\n",
        "pk__cfg": "LIMIT = 1\n",
        "pk__base": "class B:\n    def m(self):\n        return 1\n",
        "pk__work": "from . import cfg\nimport pk.base as b\ndef f(x):\n    return cfg.LIMIT, b.B\n",
    }
    assert fp(load(**files).step).uncounted == ()
    for file, old, new in ("pk__cfg", "1", "2"), ("pk__base", "return 1", "return 2"):
        assert not same(load, files, {**files, file: files[file].replace(old, new)})


def test_a_function_that_has_the_name_of_its_module_is_not_taken_for_it(load: Load) -> None:
    for init in "from .sub import sub", "from . import sub\nfrom .sub import sub":
        files = {
            "flow": "import pkg\nfrom pkg import sub\ndef step(x):\n    return sub(x), pkg.sub(x)\n",
            "pkg__INIT": f"{init}\n",
            "pkg__sub": "def sub(x):\n    return 1\n",
        }
        assert [counted.name for counted in fp(load(**files).step).counted] == ["pkg.sub.sub"]
        assert not same(load, files, {**files, "pkg__sub": "def sub(x):\n    return 2\n"})


def test_of_several_imports_of_a_name_the_one_counts_that_it_stands_for(load: Load) -> None:
    files = {
        "flow": "from a import f\nfrom b import f\ndef step(x):\n    return f(x)\n",
        "a": "def f(x):\n    return 1\n",
        "b": "def f(x):\n    return 1\n",
    }
    assert [counted.name for counted in fp(load(**files).step).counted] == ["b.f"]
    optional = {
        **files,
        "flow": files["flow"]
        .replace("from b", "try:\n    from gone")
        .replace("def", "except ImportError:\n    pass\ndef", 1),
    }
    assert [counted.name for counted in fp(load(**optional).step).counted] == ["a.f"]


def test_what_is_imported_in_a_circle_is_said_not_to_count(load: Load) -> None:
    module = load(
        flow="import a\ndef step(x):\n    return a.f(x)\n",
        a="import b\nfrom b import *\n",
        b="import a\na.f = len\nfrom a import f\n",
    )
    assert {one.name: one.reason.split(":")[0] for one in fp(module.step).uncounted} == {
        "a.f": "imported in a circle"
    }


def test_an_import_with_something_in_its_place_counts_where_it_succeeds(load: Load) -> None:
    files = {
        "flow": "try:\n    from fast import f\nexcept ImportError:\n    f = None\n"
        "def step(x):\n    return f(x)\n",
        "fast": "def f(x):\n    return 1\n",
    }
    assert not same(load, files, {**files, "fast": "def f(x):\n    return 2\n"})
    gone = {**files, "flow": files["flow"].replace("from fast", "from slow")}
    assert same(load, gone, {**gone, "fast": "def f(x):\n    return 2\n"})


def test_a_submodule_imported_by_the_code_itself_is_followed_the_same_whether_it_was_there_or_not(
    load: Load,
) -> None:
    files = {
        "flow": "def step(x):\n    import pkg\n    import pkg.sub\n    return pkg.sub.h(x), pkg.top(x)\n",
        "pkg__INIT": "def top(x):\n    return 1\n",
        "pkg__sub": "def h(x):\n    return 1\n",
    }
    assert counted_before_and_after_a_call(load, files) == ["pkg.sub.h", "pkg.top"]
    only = {**files, "flow": files["flow"].replace("    import pkg\n", "")}
    assert [counted.name for counted in fp(load(**only).step).counted] == ["pkg.sub.h", "pkg.top"]


def test_the_cell_that_super_reads_in_some_pythons_is_no_read() -> None:
    class Inner:
        def m(self) -> object:
            return super().__repr__(), __class__  # type: ignore[name-defined]

    assert [read.root for read in reads_of(Inner.m.__code__).reads] == ["super"]


def test_what_pytest_puts_into_an_assert_is_no_read() -> None:
    def step(n: int) -> int:
        assert sorted([n]) == [n], "not sorted"
        return n

    assert any(name.startswith("@pytest") for name in step.__code__.co_names)
    assert {read.root for read in reads_of(step.__code__).reads} == {"sorted", "AssertionError"}
