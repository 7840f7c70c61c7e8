"""What code names of the user's own by a path through packages counts, whatever happens to be imported already."""

from __future__ import annotations

import importlib

import pytest

from tests.engine.code_projects import Load, fp, same

MODEL = "class Model:\n    def go(self):\n        return 1\n"
AT_THE_TOP = "import pkg\ndef step():\n    return pkg.models.Model().go()\n"
ALIAS = "import pkg as p\nsame = p\ndef step():\n    return same.models.Model().go()\n"
INSIDE = "def step():\n    import pkg\n    return pkg.models.Model().go()\n"
INSIDE_ALIAS = "def step():\n    import pkg as p\n    return [p.models.Model().go() for _ in 'ab']\n"
INSIDE_DEEPER = "def step():\n    import pkg.other\n    return pkg.models.Model().go()\n"
IN_A_METHOD = (
    "class Step:\n    def go(self):\n        import pkg\n        return pkg.models.Model()\n"
    "def step():\n    return Step().go()\n"
)
DEFAULT = "import pkg\ndef step(make=lambda: pkg.models.Model()):\n    return make().go()\n"


@pytest.mark.parametrize(
    "flow", [AT_THE_TOP, ALIAS, INSIDE, INSIDE_ALIAS, INSIDE_DEEPER, IN_A_METHOD, DEFAULT]
)
def test_a_path_through_a_package_counts_whatever_was_imported_before(load: Load, flow: str) -> None:
    files = {"flow": flow, "pkg__INIT": "", "pkg__models": MODEL, "pkg__other": "LIMIT = 1\n"}
    alone = fp(load(**files).step)
    step = load(**files).step
    importlib.import_module("pkg.models")
    assert fp(step).digest == alone.digest
    assert not same(load, files, {**files, "pkg__models": MODEL.replace("return 1", "return 2")})


def test_a_name_of_a_package_that_is_a_submodule_counts_whatever_was_imported_before(load: Load) -> None:
    package = "def step():\n    return models.Model().go()\n"
    files = {"flow": "import pkg\n", "pkg__INIT": package, "pkg__models": MODEL}
    alone = fp(load(**files).pkg.step)
    step = load(**files).pkg.step
    importlib.import_module("pkg.models")
    assert fp(step).digest == alone.digest
    changed = {**files, "pkg__models": MODEL.replace("return 1", "return 2")}
    assert fp(load(**changed).pkg.step).digest != alone.digest


def test_what_is_no_submodule_is_not_imported(load: Load) -> None:
    """A method that has the name of a script in a package imports no script."""
    flow = "def step(model):\n    import pkg\n    model.train()\n    return pkg.LIMIT\n"
    files = {"flow": flow, "pkg__INIT": "LIMIT = 1\n", "pkg__train": "raise SystemExit('it runs')\n"}
    module = load(**files)
    fp(module.step)
    assert not hasattr(importlib.import_module("pkg"), "train")


LAZY = """\
import importlib
HOMES = {"Model": "models", "models": "models", "go": "go"}
def __getattr__(name):
    if name not in HOMES:
        raise AttributeError(name)
    found = importlib.import_module(f"pkg.{HOMES[name]}")
    if name != "models":
        found = getattr(found, name)
    globals()[name] = found
    return found
"""


@pytest.mark.parametrize("path", ["Model", "models.Model"])
def test_what_a_package_makes_when_it_is_asked_counts_made_already_or_not(load: Load, path: str) -> None:
    flow = f"import pkg\ndef step():\n    return pkg.{path}().go()\n"
    files = {"flow": flow, "pkg__INIT": LAZY, "pkg__models": MODEL}
    alone = fp(load(**files).step)
    module = load(**files)
    assert module.pkg.Model
    assert module.pkg.models
    assert fp(module.step).digest == alone.digest
    assert not same(load, files, {**files, "pkg__models": MODEL.replace("return 1", "return 2")})
    assert not same(
        load, files, {**files, "pkg__INIT": LAZY.replace("found = getattr", "found = 0 or getattr")}
    )


UNKEPT = """\
import importlib
def __getattr__(name):
    if name == "sub":
        return importlib.import_module("pkg.sub")
    if name != "Model":
        raise AttributeError(name)
    return importlib.import_module("pkg.models").Model
"""


@pytest.mark.parametrize("package", [UNKEPT, LAZY])
@pytest.mark.parametrize(
    "flow",
    [
        "def step():\n    import pkg\n    return pkg.Model().go()\n",
        "def step():\n    import pkg as p\n    return p.Model.go(p.Model())\n",
        "def step():\n    import pkg.other\n    return pkg.Model().go()\n",
        "def step():\n    from over import pkg\n    return pkg.Model().go()\n",
        "def step():\n    import over\n    return over.pkg.Model().go()\n",
        "def step():\n    import pkg\n    return pkg.Model().go() + pkg.sub.run() + pkg.sub.run()\n",
    ],
)
def test_what_a_package_makes_when_it_is_asked_counts_where_a_function_imports_the_package(
    load: Load, flow: str, package: str
) -> None:
    package = package.replace('"go": "go"', '"sub": "sub"').replace('!= "models"', '!= "sub"')
    sub = "def run():\n    return 1\n"
    files = {
        "flow": flow,
        "pkg__INIT": package,
        "pkg__models": MODEL,
        "pkg__other": "LIMIT = 1\n",
        "pkg__sub": sub,
    }
    files["over"] = "import pkg\n"
    alone = fp(load(**files).step)
    assert "pkg" not in [one.name for one in alone.uncounted]
    step = load(**files).step
    assert importlib.import_module("pkg").Model
    importlib.import_module("pkg.sub")
    assert fp(step).digest == alone.digest
    assert not same(load, files, {**files, "pkg__models": MODEL.replace("return 1", "return 2")})
    assert same(load, files, {**files, "pkg__sub": sub.replace("1", "2")}) == ("sub" not in flow)
    assert not same(load, files, {**files, "pkg__INIT": package.replace("raise", "raise 0 or ")})


CHECKED = """\
{imports}
if {test}:
    from pkg.models import {what}
def __getattr__(name):
    if name != "Model":
        raise AttributeError(name)
    from pkg.models import Model
    return Model
"""


@pytest.mark.parametrize(
    ("imports", "test", "what"),
    [
        ("from typing import TYPE_CHECKING", "TYPE_CHECKING", "Model as Model"),
        ("from typing import TYPE_CHECKING", "TYPE_CHECKING", "*"),
        ("import typing", "typing.TYPE_CHECKING", "Model"),
        ("import typing as t", "t.TYPE_CHECKING", "Model"),
        ("TYPE_CHECKING = False", "TYPE_CHECKING", "Model"),
        ("from typing import TYPE_CHECKING", "not TYPE_CHECKING:\n    pass\nelse", "Model"),
        ("from typing import TYPE_CHECKING", "TYPE_CHECKING and not bool()", "Model"),
        ("from typing import TYPE_CHECKING", "bool(1) and (TYPE_CHECKING or TYPE_CHECKING)", "Model"),
        ("import typing as t", "not t.TYPE_CHECKING or bool():\n    pass\nelse", "Model"),
    ],
)
@pytest.mark.parametrize(
    "flow",
    [
        "import pkg\n\ndef step():\n    return pkg.Model().go()\n",
        "def step():\n    from pkg import Model\n    return Model().go()\n",
    ],
)
def test_what_is_imported_for_type_checkers_takes_not_the_place_of_what_a_package_makes(
    load: Load, flow: str, imports: str, test: str, what: str
) -> None:
    package = CHECKED.format(imports=imports, test=test, what=what)
    files = {"flow": flow, "pkg__INIT": package, "pkg__models": MODEL}
    alone = fp(load(**files).step)
    step = load(**files).step
    importlib.import_module("pkg.models")
    assert fp(step).digest == alone.digest
    assert not same(load, files, {**files, "pkg__models": MODEL.replace("return 1", "return 2")})


@pytest.mark.parametrize(
    "test", ["TYPE_CHECKING", "TYPE_CHECKING and bool(1)", "not (bool(1) or not TYPE_CHECKING)"]
)
def test_what_is_bound_where_no_type_checker_looks_counts(load: Load, test: str) -> None:
    package = (
        f"from typing import TYPE_CHECKING\nif {test}:\n    from pkg.models import Model\n"
        "else:\n    def Model():\n        return 1\n"
    )
    files = {
        "flow": "import pkg\ndef step():\n    return pkg.Model()\n",
        "pkg__INIT": package,
        "pkg__models": MODEL,
    }
    assert not same(load, files, {**files, "pkg__INIT": package.replace("return 1", "return 2")})
    assert same(load, files, {**files, "pkg__models": MODEL.replace("return 1", "return 2")})


@pytest.mark.parametrize(
    "given",
    [
        "TYPE_CHECKING = bool('on')",
        "TYPE_CHECKING = False\nTYPE_CHECKING = True",
        "from .typing import TYPE_CHECKING",
    ],
)
def test_a_condition_of_that_name_that_may_hold_is_no_type_checkers(load: Load, given: str) -> None:
    package = f"{given}\nif TYPE_CHECKING:\n    from pkg.models import Model\n"
    files = {"flow": "import pkg\ndef step():\n    return pkg.Model().go()\n", "pkg__INIT": package}
    files |= {"pkg__models": MODEL, "pkg__typing": "TYPE_CHECKING = True\n"}
    parts = [part.name for part in fp(load(**files).step).counted]
    assert "pkg.models.Model" in parts
    package = package.replace("if TYPE", "def __getattr__(name):\n    raise AttributeError(name)\nif TYPE")
    assert [part.name for part in fp(load(**{**files, "pkg__INIT": package}).step).counted] == parts


def test_a_condition_of_which_another_part_may_hold_is_no_type_checkers(load: Load) -> None:
    for test in (
        "TYPE_CHECKING or bool(1)",
        "not TYPE_CHECKING and bool(1)",
        "not (TYPE_CHECKING and bool())",
    ):
        package = f"from typing import TYPE_CHECKING\nif {test}:\n    from pkg.models import Model\n"
        files = {"flow": "import pkg\ndef step():\n    return pkg.Model().go()\n", "pkg__INIT": package}
        files |= {"pkg__models": MODEL}
        assert "pkg.models.Model" in [part.name for part in fp(load(**files).step).counted], test


def test_a_submodule_does_not_take_the_place_of_what_a_package_makes_under_its_name(load: Load) -> None:
    files = {
        "flow": "import pkg\ndef step():\n    return pkg.go()\n",
        "pkg__INIT": LAZY,
        "pkg__go": "def go():\n    return 1\n",
    }
    module = load(**files)
    fp(module.step)
    assert module.step() == 1


def test_a_module_that_ends_the_program_when_it_is_imported_does_not_end_a_look_at_the_code(
    load: Load,
) -> None:
    flow = "def step(whole=False):\n    import pkg\n    return pkg.report.main() if whole else 1\n"
    files = {"flow": flow, "pkg__INIT": "", "pkg__report": "raise SystemExit('a script')\n"}
    assert fp(load(**files).step).digest
