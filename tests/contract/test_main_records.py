"""What `python flow.py` records of its own classes and functions, `hw run flow.py` finds, and the other way round."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headwater import Project

FLOW = '''
import enum
import functools
import random
import sys
from collections import namedtuple
from dataclasses import dataclass, field

import numpy as np

from headwater import Value, run, task

headwater_namespace = "flow"


@dataclass
class Order:
    n: int
    further: list = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fixed:
    n: int


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Way(enum.Flag):
    IN = enum.auto()
    OUT = enum.auto()


class Odd(Exception):
    def __init__(self, n):
        super().__init__(n)
        self.n = n


class Outer:
    class Inner:
        def __init__(self, n):
            self.n = n

        def double(self):
            return 2 * self.n


class Single:
    def __reduce__(self):
        return "SINGLE"


SINGLE = Single()
Pair = namedtuple("Pair", ["a", "b"])


class Row(list):
    pass


class Own(Value):
    def __init__(self, n):
        self.n = n


class Held:
    def __init__(self, n):
        self.array = np.arange(float(n))


def helper(n):
    return n + 1


@functools.lru_cache
def kept(n):
    return n + 2


def noted(name):
    with open("ran", "a") as file:
        file.write(name + " ")


def made(n):
    return [
        *[Order(n, [Order(n + 1)]), Fixed(n), Colour.RED, Way.IN | Way.OUT, Odd(n), Outer.Inner(n), SINGLE],
        *[Pair(n, 2), Row([n]), Own(n), Held(n), helper, kept, Order, Outer.Inner, Outer.Inner(n).double],
    ]


def seen(values):
    assert all(type(one) is type(other) for one, other in zip(values, made(1), strict=True)), values
    return [values[0].n, values[0].further[0].n, values[5].n, values[6] is SINGLE, values[11] is helper, values[15]()]


@task
def make(n):
    noted("make")
    return made(n)


@task(executor="process")
def make_far(n):
    noted("make_far")
    return made(n)


@task
def take(values):
    noted("take")
    return seen(values)


@task(executor="process")
def take_far(values):
    noted("take_far")
    return seen(values)


@task
def fail():
    noted("fail")
    raise Odd(1)


@task
def main(n=0):
    return [take(make(3)), take_far(make(4)), take(make_far(5)), take_far(make_far(6)), count(again([Order(1)]))]


@task
def again(orders):
    noted("again")
    return orders


@task
def count(orders):
    noted("count")
    return len(orders)


def nested(random, depth=0):
    """A random value of the classes above."""
    leaf = random.choice(made(random.randrange(5)))
    if depth > 3 or random.random() < 0.3:
        return leaf
    inner = [nested(random, depth + 1) for _ in range(random.randrange(1, 4))]
    deep = inner
    for _ in range(random.choice([0, 0, 5000])):
        deep = [deep]
    return random.choice([Order(1, inner), Row(inner), Pair(inner, leaf), {"x": inner}, tuple(inner), deep])


def values():
    return [nested(random.Random(seed)) for seed in range(60)]
'''
PROGRAM = """

if __name__ == "__main__":
    print(run(main(int(sys.argv[1]))))
    print("loaded twice" if "flow" in sys.modules else "loaded once")
"""
EXPECTED = ", ".join(f"[{n}, {n + 1}, {n}, True, True, {2 * n}]" for n in range(3, 7))


def typed(folder: Path, *words: str) -> str:
    """What a command that is typed in a folder prints, and what it ran, which is forgotten."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("HEADWATER_")}
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
        env={**kept, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "two tasks are called" not in done.stderr
    return done.stdout


def ran(folder: Path) -> list[str]:
    file = folder / "ran"
    found = sorted(file.read_text().split()) if file.exists() else []
    file.unlink(missing_ok=True)
    return found


HW = str(Path(sys.executable).with_name("hw"))
PLACES = {
    "a script": ("flow.py", ["flow.py"], ["flow.py"]),
    "a module of a package": ("pack/flow.py", ["-m", "pack.flow"], ["pack/flow.py"]),
    "a script with no ending": ("flow", ["flow"], ["./flow"]),
    "a script named like a standard module": ("antigravity.py", ["antigravity.py"], ["antigravity.py"]),
}


@pytest.mark.parametrize(
    ("place", "python_first"), [*((place, True) for place in PLACES), ("a script", False)]
)
def test_what_one_way_to_run_a_workflow_recorded_the_other_finds(
    local_project: Project, place: str, python_first: bool
) -> None:
    folder = local_project.root
    file, as_program, by_hw = PLACES[place]
    (folder / "pack").mkdir()
    (folder / "pack" / "__init__.py").touch()
    (folder / file).write_text(FLOW + PROGRAM)
    ways = [[sys.executable, *as_program], [HW, "run", *by_hw, "main", "--n"]]
    first, second = ways if python_first else reversed(ways)
    assert EXPECTED in typed(folder, *first, "0")
    tasks = ["again", "count", *["make"] * 2, *["make_far"] * 2, *["take"] * 2, *["take_far"] * 2]
    assert ran(folder) == tasks
    for n, words in enumerate((second, first, second), 1):
        found = typed(folder, *words, str(n))
        assert EXPECTED in found
        assert "loaded twice" not in found
        assert ran(folder) == [], "main is another call, and those that it makes are not"


WRITES_AND_READS = """

def recorded(value):
    found = describe(value)
    return found.hash, found.type, found.codec, found.payload


def write(place):
    Path(place).write_bytes(pickle.dumps(list(map(recorded, values()))))


def read(place):
    for mine, other in zip(values(), pickle.loads(Path(place).read_bytes()), strict=True):
        key, name, codec, payload = other
        assert recorded(mine)[:3] == (key, name, codec), (mine, other)
        back = restore(codec, name, bytearray(payload))
        assert type(back) is type(mine)
        assert hash_value(back) == key


if __name__ == "__main__":
    write("by_python")
    read(sys.argv[1])
"""


def test_any_value_of_a_main_programs_classes_is_recorded_as_where_it_is_imported(tmp_path: Path) -> None:
    text = "import pickle\nfrom pathlib import Path\nfrom headwater.engine.values import *\n"
    (tmp_path / "flow.py").write_text(text + FLOW + WRITES_AND_READS)
    typed(tmp_path, sys.executable, "-c", "import flow; flow.write('by_import')")
    typed(tmp_path, sys.executable, "flow.py", "by_import")
    typed(tmp_path, sys.executable, "-c", "import flow; flow.read('by_python')")


def test_a_value_that_an_earlier_version_recorded_of_a_main_program_is_read_there(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(
        FLOW
        + """
if __name__ == "__main__":
    import pickle
    from headwater.engine.code_values import code_digest, is_current
    from headwater.engine.values import restore

    assert restore("pickle", "__main__.Order", pickle.dumps(Order(1))).n == 1
    assert restore("value", "__main__.Own", pickle.dumps({"n": 2})).n == 2
    assert is_current("class:__main__:Order", "class", code_digest(Order).hex())
"""
    )
    typed(tmp_path, sys.executable, "flow.py")


def test_a_module_that_has_the_name_of_an_installed_commands_file_is_not_taken_for_it(
    local_project: Project,
) -> None:
    folder = local_project.root
    (folder / "hw.py").write_text(FLOW)
    for n in ("0", "1"):
        assert EXPECTED in typed(folder, HW, "run", "hw.py", "main", "--n", n)
    assert ran(folder).count("take") == 2
