"""What annotations name counts where something goes by them: of the attributes of classes, and of parameters."""

from __future__ import annotations

import importlib

import pytest

from headwater import Scheduler
from tests.engine.code_projects import Load, fp, same

MODELS = """\
from dataclasses import dataclass
from typing import Annotated, Optional, TYPE_CHECKING
import units
from units import Length
if TYPE_CHECKING:
    from nowhere import Ghost
LOW = 1
STEP = FACTOR = 2
def positive(x):
    return x > 0
Rate = Annotated[float, LOW]
@dataclass
class Part:
    size: int = 1
class Whole:
    part: "Optional[list[Part]]" = None
    rate: Rate
    if True:
        checked: Annotated[int, positive, lambda: FACTOR]
    length: Length
    width: units.Width
    ghost: "Ghost"
    class Inner:
        step: Annotated[int, STEP]
OTHER = 1
def step():
    return Whole
def typed(x: Annotated[int, LOW]):
    return x
"""
UNITS = "Length = int\nclass Width:\n    unit = 'm'\n"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("flow", "size: int = 1", "size: int = 2"),
        ("flow", "LOW = 1", "LOW = 2"),
        ("flow", "x > 0", "x >= 0"),
        ("flow", "STEP = FACTOR = 2", "STEP = 2\nFACTOR = 3"),
        ("flow", "STEP = FACTOR = 2", "STEP = 3\nFACTOR = 2"),
        ("units", "Length = int", "Length = float"),
        ("units", "'m'", "'km'"),
    ],
)
def test_what_the_attributes_of_a_class_are_annotated_with_counts(
    load: Load, file: str, old: str, new: str
) -> None:
    files = {"flow": MODELS, "units": UNITS}
    assert old in files[file]
    assert not same(load, files, {**files, file: files[file].replace(old, new)})


def test_what_annotations_do_not_name_counts_not(load: Load) -> None:
    files = {"flow": MODELS, "units": UNITS}
    assert same(load, files, {**files, "flow": MODELS.replace("OTHER = 1", "OTHER = 2")})
    assert fp(load(**files).step).uncounted == ()


def test_what_a_parameter_is_annotated_with_counts(load: Load) -> None:
    files = {"flow": MODELS, "units": UNITS}
    assert not same(load, files, {**files, "flow": MODELS.replace("LOW = 1", "LOW = 2")}, "typed")
    assert same(load, files, {**files, "flow": MODELS.replace("x > 0", "x >= 0")}, "typed")


MODEL = "class Model:\n    def go(self):\n        return 1\n"


@pytest.mark.parametrize(
    "flow",
    [
        "from __future__ import annotations\nimport pkg\ndef step(m: pkg.models.Model):\n    return 1\n",
        "from __future__ import annotations\nimport pkg\ndef step(m: pkg.step.Model):\n    return 1\n",
    ],
)
def test_a_dotted_annotation_counts_whatever_was_imported_before(load: Load, flow: str) -> None:
    beneath = "pkg__models" if "models" in flow else "pkg__step"
    package = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import step\n"
    files = {"flow": flow, beneath: MODEL, "pkg__INIT": package}
    alone = fp(load(**files).step)
    step = load(**files).step
    importlib.import_module(beneath.replace("__", "."))
    assert fp(step).digest == alone.digest
    assert not same(load, files, {**files, beneath: MODEL.replace("return 1", "return 2")})


def test_an_annotation_in_a_package_counts_whatever_was_imported_before(load: Load) -> None:
    package = (
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
        "    from . import models\ndef step(m: models.Model, n: int):\n    return 1\n"
    )
    files = {"flow": "import pkg\n", "pkg__INIT": package, "pkg__models": MODEL}
    alone = fp(load(**files).pkg.step)
    step = load(**files).pkg.step
    importlib.import_module("pkg.models")
    assert fp(step).digest == alone.digest


def test_what_a_package_makes_when_it_is_asked_counts_not_where_it_was_made_already(load: Load) -> None:
    flow = "from __future__ import annotations\nimport pkg\ndef step(m: pkg.Model):\n    return 1\n"
    package = (
        "def __getattr__(name):\n    from pkg.models import Model\n    if name != 'Model':\n"
        "        raise AttributeError(name)\n    globals()[name] = Model\n    return Model\n"
    )
    files = {"flow": flow, "pkg__INIT": package, "pkg__models": MODEL}
    alone = fp(load(**files).step)
    module = load(**files)
    assert module.pkg.Model
    assert fp(module.step).digest == alone.digest


LITERAL = """\
import typing
from typing import Annotated, Literal as Lit
def train():
    return 1
def step(mode: Lit["train"], kind: "typing.Literal['train']", unit: Annotated[str, "train", dict(to="train")]):
    return mode
def typed(mode: Annotated["Model", "train"], least: Annotated[int, dict(at=train)]):
    return mode
class Model:
    size: int = 1
"""


def test_text_in_annotations_that_names_no_type_counts_not(load: Load) -> None:
    changed = LITERAL.replace("return 1", "return 2")
    assert same(load, {"flow": LITERAL}, {"flow": changed})
    assert not same(load, {"flow": LITERAL}, {"flow": changed}, "typed")
    assert not same(
        load, {"flow": LITERAL}, {"flow": LITERAL.replace("size: int = 1", "size: int = 2")}, "typed"
    )


def test_what_every_module_has_counts_not_where_an_annotation_says_it(load: Load) -> None:
    text = "def step(x: '__file__'):\n    return x\n"
    assert same(load, {"flow": text}, {"flow": text})
    assert fp(load(flow=text).step).counted == ()


LATE = """\
from __future__ import annotations
import models
from headwater import task
headwater_namespace = "late"
@task
def step(x: Limit, y: models.Limit):
    return sorted(str(getattr(one, "Limit", None)) for one in (models, __import__(__name__)))
"""


def test_a_name_that_an_annotation_says_and_that_comes_later_counts_from_then_on(load: Load) -> None:
    module = load(flow=LATE, models="")
    hashes = [module.step.hash]
    for at in (module.models, module):
        at.Limit = 5
        module.step.recompute_hash()
        hashes.append(module.step.hash)
    assert len(set(hashes)) == 3


PYDANTIC = """\
from typing import Annotated
from headwater import task
from pydantic import BaseModel, Field, validate_call
headwater_namespace = "models"
LEAST = 1
class Line(BaseModel):
    price: float = 1.0
class Order(BaseModel):
    lines: list[Line]
    amount: Annotated[int, Field(ge=LEAST)] = 3
@validate_call
def checked(n: Annotated[int, Field(ge=LEAST)]):
    return n
@task
def total():
    return sum(line.price for line in Order.model_validate({"lines": [{}, {}]}).lines)
@task
def check():
    try:
        return checked(3)
    except ValueError:
        return "too few"
"""


def test_a_change_of_a_nested_model_or_of_a_bound_changes_the_result(load: Load) -> None:
    first = load(flow=PYDANTIC)
    run = Scheduler(record=False).run
    before = run([first.total(), first.check()]), first.total.hash, first.check.hash
    changed = PYDANTIC.replace("price: float = 1.0", "price: float = 2.0").replace("LEAST = 1", "LEAST = 5")
    second = load(flow=changed)
    after = run([second.total(), second.check()]), second.total.hash, second.check.hash
    assert (before[0], after[0]) == ([2.0, 3], [4.0, "too few"])
    assert before[1] != after[1]
    assert before[2] != after[2]
