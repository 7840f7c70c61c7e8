"""What a task's hash covers beyond its own name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from headwater.engine.code import source_of

from tests.engine.code_projects import Load, fp, same

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


def test_white_space_in_a_text_counts_beside_a_docstring_in_single_quotes(load: Load) -> None:
    function = "def step(x):\n    'Say so.'\n    return '''a  \n  b'''\n"
    in_class = "class A:\n    'Say so.'\n    TEXT = '''a  \n    b'''\ndef step(x):\n    return A.TEXT\n"
    for text in function, in_class:
        assert not same(load, {"flow": text}, {"flow": text.replace("a  \n", "a\n")})
    for docstring in "'Say so.'", "'''Say\n    so.'''":
        text = f"def step(x):\n    {docstring}\n    return 1  \n"
        assert same(load, {"flow": text}, {"flow": text.replace("1  ", "1").replace("Say\n", "Say  \n")})


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


def test_a_function_under_decorators_of_a_library_and_others_above_them_counts(load: Load) -> None:
    text = (
        "import contextlib, functools\n@contextlib.contextmanager\ndef timed():\n    yield\n"
        "def shown(f):\n    @functools.wraps(f)\n    def inner(*args):\n        return f(*args)\n    return inner\n"
        "{}\n@timed()\ndef step(x):\n    return 1\n"
    )
    for above in "@shown", "@timed()", "@timed()\n@shown":
        assert not same(
            load, {"flow": text.format(above)}, {"flow": text.format(above).replace("return 1", "return 2")}
        )


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
