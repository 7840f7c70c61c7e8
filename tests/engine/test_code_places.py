"""Fingerprints of code wherever it lives: notebooks, no source at all, files that change, large modules."""

from __future__ import annotations

import ast
import importlib
import linecache
import sys
from pathlib import Path

import pytest
from headwater.engine.code import Fingerprint, fingerprint
from headwater.engine.code_values import look_again

from tests.engine.code_projects import Load, fp, function_of


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


def test_a_hundred_tasks_in_a_module_of_a_thousand_lines_are_known_from_parsing_it_once(
    load: Load, monkeypatch: pytest.MonkeyPatch
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
    parsed: list[str] = []
    parse = ast.parse

    def noted(source: str, *args: object, **kwargs: object) -> ast.AST:
        parsed.append(source)
        return parse(source, *args, **kwargs)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(ast, "parse", noted)
    assert len({fp(step).digest for step in steps_made}) == 100
    assert len([source for source in parsed if source.count("\n") > 10]) == 1


INCLUDED = {
    "task": "from headwater import task\n@task(namespace='included')\ndef other(x):\n    return 1\n",
    "function": "def other(x):\n    return 1\n",
    "class": "class other:\n    def f(self):\n        return 1\n",
}


@pytest.mark.parametrize("kind", INCLUDED)
@pytest.mark.parametrize("form", ["other", "{'a': [other]}"])
def test_what_hash_includes_names_counts_as_it_was_defined_last(load: Load, kind: str, form: str) -> None:
    flow = "from headwater import task\nfrom helpers import other\n"
    flow += f"@task(namespace='included', hash_includes=[{form}])\n"
    module = load(flow=flow + "def step(x):\n    return x\n", helpers=INCLUDED[kind])
    before = module.step.hash
    helpers = sys.modules["helpers"]
    assert helpers.__file__ is not None
    Path(helpers.__file__).write_text(INCLUDED[kind].replace("return 1", "return 100"))
    look_again()
    assert module.step.hash == before  # what is saved is not what runs here
    importlib.reload(helpers)
    look_again()
    assert module.step.hash != before
