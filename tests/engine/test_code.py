"""What a task's hash covers beyond its own name."""

from __future__ import annotations

import importlib
import itertools
import linecache
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
from headwater.engine.code import Fingerprint, fingerprint, source_of

Load = Callable[..., ModuleType]


class Step:
    """Stands for a task: an object that holds a function and is not called by the code that is looked at."""

    def __init__(self, func: FunctionType) -> None:
        self.func = func

    def __call__(self, *args: object) -> None:
        raise AssertionError("lazy")


def function_of(value: object) -> FunctionType | None:
    return value.func if isinstance(value, Step) else None


def fp(func: object) -> Fingerprint:
    return fingerprint(func.func if isinstance(func, Step) else func, is_task=function_of)  # type: ignore[arg-type]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Writes files into a fresh folder and imports the first: a version of a user's project."""
    numbers = itertools.count()
    path_before, modules_before = list(sys.path), set(sys.modules)

    def forget() -> None:
        for name in set(sys.modules) - modules_before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(str(tmp_path)) or name in made:
                del sys.modules[name]
        sys.path[:] = path_before
        importlib.invalidate_caches()

    made: set[str] = set()

    def load(**files: str) -> ModuleType:
        forget()
        folder = tmp_path / str(next(numbers))
        for name, text in files.items():
            path = folder / (name.replace("__", "/").replace("INIT", "__init__") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            for parent in path.parents:
                if parent == folder:
                    break
                (parent / "__init__.py").touch()
            path.write_text(text)
            made.update(name.split("__"))
        sys.path.insert(0, str(folder))
        return importlib.import_module(next(iter(files)).replace("__", "."))

    yield load
    forget()


def same(load: Load, one: dict[str, str], other: dict[str, str], name: str = "step") -> bool:
    first = fp(getattr(load(**one), name))
    second = fp(getattr(load(**other), name))
    return first.digest == second.digest


BASE = {
    "flow": """\
import helpers
from helpers import clean as tidy
from pkg import mod
import pkg.deep.far
LIMIT = 3
unrelated = 1

def step(x):
    # a comment
    return tidy(x)[:LIMIT] + helpers.extra(x) + mod.CONST + pkg.deep.far.away(x)
""",
    "helpers": """\
WORDS = {"a"}
OTHER = 5

def clean(x):
    return [word for word in x if inner(word)]

def inner(word):
    return word in WORDS

def extra(x):
    return [OTHER]

def unused(x):
    return 9
""",
    "pkg__mod": "CONST = [1]\nCONST += [2]\nELSE = 4\n",
    "pkg__deep__far": "from ..mod import ELSE\ndef away(x):\n    return [ELSE]\n",
}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("flow", "[:LIMIT]", "[1:LIMIT]"),
        ("flow", "LIMIT = 3", "LIMIT = 4"),
        ("flow", "# a comment", "# another"),
        ("helpers", "if inner(word)]", "if not inner(word)]"),
        ("helpers", "word in WORDS", "word not in WORDS"),
        ("helpers", 'WORDS = {"a"}', 'WORDS = {"b"}'),
        ("helpers", "OTHER = 5", "OTHER = 6"),
        ("helpers", 'WORDS = {"a"}', 'WORDS = {"a"}\nWORDS.add("c")'),
        ("pkg__mod", "CONST += [2]", "CONST += [3]"),
        ("pkg__mod", "ELSE = 4", "ELSE = 5"),
        ("pkg__mod", "ELSE = 4", "if LIMIT_ := 1:\n    ELSE = 4"),
        ("pkg__deep__far", "return [ELSE]", "return [ELSE, 1]"),
        ("flow", "import clean as tidy", "import extra as tidy"),
    ],
)
def test_a_change_of_anything_that_is_read_changes_the_digest(
    load: Load, file: str, old: str, new: str
) -> None:
    assert old in BASE[file]
    assert not same(load, BASE, {**BASE, file: BASE[file].replace(old, new)})


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("flow", "unrelated = 1", "unrelated = 2"),
        ("helpers", "return 9", "return 10"),
        ("flow", "import helpers\n", "\n\n\nimport helpers\n"),
        ("flow", "LIMIT = 3", "LIMIT = 3   "),
        ("flow", "    # a comment\n", "    # a comment   \n"),
        ("helpers", "def unused", "\n\n# moved\n\ndef unused"),
        ("helpers", "OTHER = 5\n", "OTHER = 5\n\nif OTHER > 9:\n    raise ValueError\n"),
    ],
)
def test_nothing_else_does(load: Load, file: str, old: str, new: str) -> None:
    assert old in BASE[file]
    assert same(load, BASE, {**BASE, file: BASE[file].replace(old, new)})


def test_what_was_counted_is_named_with_its_kind(load: Load) -> None:
    result = fp(load(**BASE).step)
    assert [(counted.name, counted.kind) for counted in result.counted] == [
        ("flow.LIMIT", "constant"),
        ("helpers.OTHER", "constant"),
        ("helpers.WORDS", "constant"),
        ("helpers.clean", "function"),
        ("helpers.extra", "function"),
        ("helpers.inner", "function"),
        ("pkg.deep.far.away", "function"),
        ("pkg.mod.CONST", "constant"),
        ("pkg.mod.ELSE", "constant"),
    ]
    assert result.uncounted == ()
    assert all(counted.where.rpartition(":")[2].isdigit() for counted in result.counted)


def test_the_value_of_a_constant_at_run_time_does_not_count(load: Load) -> None:
    module = load(flow="SEEN = []\ndef step(x):\n    SEEN.append(x)\n    return SEEN\n")
    before = fp(module.step)
    module.step(1)
    assert fp(module.step) == before


def test_helpers_may_call_each_other_in_circles(load: Load) -> None:
    text = "def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    return n != 0 and even(n - 1)\n"
    text += "def step(n):\n    return even(n)\n"
    result = fp(load(flow=text).step)
    assert [counted.name for counted in result.counted] == ["flow.even", "flow.odd"]
    assert not same(load, {"flow": text}, {"flow": text.replace("n != 0", "n > 0")})


def test_swapping_two_helpers_of_one_name_counts(load: Load) -> None:
    """Both versions read the same two functions, but not from the same places."""
    flow = "from a import f\nimport other\ndef step(x):\n    return f(x), other.g(x)\n"
    files = {
        "flow": flow,
        "other": "from b import f\ndef g(x):\n    return f(x)\n",
        "a": "def f(x):\n    return 1\n",
        "b": "def f(x):\n    return 2\n",
    }
    swapped = {
        **files,
        "flow": flow.replace("from a", "from b"),
        "other": files["other"].replace("from b", "from a"),
    }
    assert not same(load, files, swapped)


def test_the_script_run_as_a_program_has_the_same_digest(tmp_path: Path) -> None:
    script = tmp_path / "flow.py"
    script.write_text(
        "from headwater.engine.code import fingerprint\n"
        "import helper\n"
        "TABLE = {'a': 1}\n"
        "def step(x, *, names=frozenset({'x', 'y', 'z'})):\n"
        "    return helper.f(x) + TABLE['a']\n"
        "print(fingerprint(step, is_task=lambda value: None).digest.hex())\n"
    )
    (tmp_path / "helper.py").write_text("def f(x):\n    return {x, 'p', 'q'}\n")
    seen = set()
    for seed in "0", "1", "77":
        for how in [str(script)], ["-c", "import flow"], ["-m", "flow"]:
            done = subprocess.run(
                [sys.executable, *how],
                capture_output=True,
                text=True,
                check=True,
                cwd=tmp_path,
                env={
                    **os.environ,
                    "PYTHONHASHSEED": seed,
                    "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
                },
            )
            seen.add(done.stdout)
    assert len(seen) == 1


def test_decorators_of_the_task_are_not_part_of_its_source(load: Load) -> None:
    text = (
        "def mark(**options):\n    return lambda func: func\n"
        "@mark(\n    memory=3,\n)\n@mark(x=1)\n"
        "async def step(x):\n    '''Say so.'''\n    return x  # done\n"
    )
    module = load(flow=text)
    assert source_of(module.step) == "async def step(x):\n    '''Say so.'''\n    return x  # done"
    assert same(load, {"flow": text}, {"flow": text.replace("memory=3", "memory=4")})


def test_a_nested_function_is_dedented_but_its_strings_are_not(load: Load) -> None:
    text = (
        "def make():\n    if True:\n        def step(x):\n            text = '''a  \n            b'''\n"
        "            return text   \n    return step\nstep = make()\n"
    )
    assert source_of(load(flow=text).step) == (
        "def step(x):\n    text = '''a  \n            b'''\n    return text"
    )


def test_decorators_of_helpers_count_with_the_code_behind_them(load: Load) -> None:
    files = {
        "deco": "import functools\nSCALE = 2\ndef twice(times):\n    def wrap(func):\n"
        "        @functools.wraps(func)\n        def inner(*args):\n"
        "            return func(*args) * times * SCALE\n        return inner\n    return wrap\n",
        "flow": "from functools import lru_cache\nfrom deco import twice\n"
        "@lru_cache\n@twice(3)\ndef helper(x):\n    return x\ndef step(x):\n    return helper(x)\n",
    }
    files = {"flow": files.pop("flow"), **files}
    for file, old, new in [
        ("flow", "twice(3)", "twice(4)"),
        ("flow", "return x\n", "return x + 1\n"),
        ("deco", "SCALE = 2", "SCALE = 3"),
        ("deco", "* times", "+ times"),
    ]:
        assert not same(load, files, {**files, file: files[file].replace(old, new, 1)})
    assert same(load, files, {**files, "flow": files["flow"] + "X = 1\n"})


def test_the_implementations_of_a_single_dispatch_function_count(load: Load) -> None:
    text = (
        "from functools import singledispatch\n@singledispatch\ndef show(x):\n    return 1\n"
        "@show.register\ndef _(x: int):\n    return 2\n@show.register(str)\ndef _(x):\n    return 3\n"
        "def step(x):\n    return show(x)\n"
    )
    for number in "1", "2", "3":
        assert not same(load, {"flow": text}, {"flow": text.replace(f"return {number}", "return 9")})


def test_a_loop_at_the_top_level_of_a_module_counts(load: Load) -> None:
    text = "TABLE = {}\nfor key in ('a', 'b'):\n    TABLE[key] = 1\nLAST = key\n"
    text += "def step(x):\n    return TABLE[x], LAST\n"
    assert not same(load, {"flow": text}, {"flow": text.replace("('a', 'b')", "('a', 'c')")})
    assert not same(load, {"flow": text}, {"flow": text.replace("TABLE[key] = 1", "TABLE[key] = 2")})


def test_a_partial_counts_by_its_statement_and_its_function(load: Load) -> None:
    text = (
        "from functools import partial\ndef f(x, n):\n    return x\ng = partial(f, n=1)\n"
        "def step(x):\n    return g(x)\n"
    )
    assert not same(load, {"flow": text}, {"flow": text.replace("n=1", "n=2")})
    assert not same(load, {"flow": text}, {"flow": text.replace("return x\n", "return n\n")})


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


def test_imports_inside_the_code_are_followed_the_same_whether_done_already_or_not(load: Load) -> None:
    files = {
        "flow": "def step(x):\n    import late\n    from pkg import sub\n    from pkg.one import f\n"
        "    import fractions, numpy\n    return late.g(x), sub.h(x), f(x)\n",
        "late": "def g(x):\n    return 1\ndef other(x):\n    return 1\n",
        "pkg__sub": "def h(x):\n    return 1\n",
        "pkg__one": "def f(x):\n    return 1\n",
    }
    module = load(**files)
    first = fp(module.step)
    module.step(1)
    assert fp(module.step).digest == first.digest
    assert [c.name for c in first.counted] == ["late.g", "pkg.one.f", "pkg.sub.h"]
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


def test_a_function_that_is_defined_again_is_seen_with_its_new_source() -> None:
    """The way a notebook does it: each cell is a text of its own in linecache, globals are shared."""
    values: dict[str, object] = {"__name__": "__main__"}

    def cell(number: int, text: str) -> None:
        name = f"<ipython-input-{number}-test>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), values)

    def now() -> Fingerprint:
        return fp(values["step"])

    cell(1, "LIMIT = 3\nTABLE = [1]\ndef helper(x):\n    return x\n")
    cell(2, "def step(x):\n    return helper(x)[:LIMIT], TABLE\n")
    first = now()
    assert first.source == "def step(x):\n    return helper(x)[:LIMIT], TABLE"
    assert [(c.name, c.kind) for c in first.counted] == [
        ("__main__.LIMIT", "constant"),
        ("__main__.helper", "function"),
    ]
    assert [one.name for one in first.uncounted] == ["__main__.TABLE"]
    cell(3, "def helper(x):\n    return x + 1\n")
    second = now()
    assert second.digest != first.digest
    cell(4, "LIMIT = 4\n")
    assert now().digest != second.digest
    cell(5, "LIMIT = 3\ndef helper(x):\n    return x\n")
    assert now().digest == first.digest
    cell(6, "def step(x):\n    return 0\n")
    assert now().source == "def step(x):\n    return 0"


def test_without_any_source_the_bytecode_counts_and_a_note_says_so() -> None:
    def made(text: str) -> Fingerprint:
        values: dict[str, object] = {"__name__": "nowhere"}
        exec(text, values)
        return fp(values["step"])

    first = made("N = 1\ndef step(x):\n    return x + N")
    assert "bytecode" in first.source
    assert [one.name for one in first.uncounted] == ["nowhere.step"]
    assert first.digest == made("N = 1\ndef step(x):\n    return x + N").digest
    assert first.digest != made("N = 1\ndef step(x):\n    return x - N").digest
    assert first.digest != made("N = 2\ndef step(x):\n    return x + N").digest


def test_a_file_that_changes_after_its_import_does_not_mix_up_functions(load: Load) -> None:
    module = load(flow="def step(x):\n    return 1\n\ndef other(x):\n    return 2\n")
    first = fp(module.step)
    Path(str(module.__file__)).write_text("def step(x):\n    return 3\n\ndef other(x):\n    return 4\n")
    assert fp(module.step) == first
    assert fp(module.other).source == "def other(x):\n    return 2"
    importlib.reload(module)
    assert fp(module.step).source == "def step(x):\n    return 3"


def test_helpers_and_constants_count_as_they_were_imported_not_as_they_were_saved_since(load: Load) -> None:
    files = {
        "flow": "import helpers\nLIMIT = 1\ndef step(x):\n    return helpers.f(x), LIMIT\n"
        "def other(x):\n    return helpers.f(x), LIMIT\n",
        "helpers": "def f(x):\n    return 1\n",
    }
    module = load(**files)
    first, helpers = fp(module.step), sys.modules["helpers"]
    for saved, old, new in (module, "LIMIT = 1", "LIMIT = 22"), (helpers, "return 1", "return 22"):
        path = Path(str(saved.__file__))
        path.write_text(path.read_text().replace(old, new))
    assert fp(module.step) == first
    assert fp(module.other).counted == first.counted
    importlib.reload(helpers)
    second = fp(module.step)
    assert second.digest != first.digest
    importlib.reload(module)
    assert fp(module.step).digest not in (first.digest, second.digest)


def test_a_helper_that_is_replaced_when_the_program_runs_is_noticed(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load(flow="def f(x):\n    return 1\ndef step(x):\n    return f(x)\n")
    first = fp(module.step)
    monkeypatch.setattr(module, "f", function_of)
    second = fp(module.step)
    assert second.digest != first.digest
    assert [(one.name, one.reason.split(",")[0]) for one in second.uncounted] == [
        ("flow.f", "replaced when the program runs")
    ]


def test_only_functions_have_fingerprints() -> None:
    with pytest.raises(TypeError, match="not a Python function"):
        fingerprint(len, is_task=function_of)


def test_a_hundred_tasks_in_a_module_of_a_thousand_lines_take_less_than_fifty_milliseconds(
    load: Load,
) -> None:
    helpers = "".join(
        f"LIMIT_{n} = {n}\n\ndef helper_{n}(x):\n    y = x + LIMIT_{n}\n    return [y * i for i in (1, 2)]\n"
        for n in range(60)
    )
    steps = "".join(
        f"def step_{n}(x, y=1):\n    '''Step {n}.'''\n    first = helper_{n % 60}(x)\n"
        f"    second = helper_{(n + 1) % 60}(y)\n    if first and second:\n        return first + second\n"
        "    return None\n"
        for n in range(100)
    )
    module = load(flow=helpers + steps)
    steps_made = [getattr(module, f"step_{n}") for n in range(100)]
    begun = time.process_time()
    digests = {fp(step).digest for step in steps_made}
    spent = time.process_time() - begun
    assert len(digests) == 100
    assert spent < 0.05 * 3, f"{spent * 1000:.0f} ms"  # three times the goal: test machines are shared
