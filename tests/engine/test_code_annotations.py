"""What annotations name counts where something goes by them: of the attributes of classes, and of parameters."""

from __future__ import annotations

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
