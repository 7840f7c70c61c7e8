"""`hw run` and the script that it is given: a program of its own, too, and one whose definitions may be wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import Shell, environment

PROGRAM = """
from dataclasses import dataclass

from headwater import run, task

headwater_namespace = "programme"


@dataclass
class Point:
    x: int


@task
def point(x: int) -> Point:
    return Point(x)


if __name__ == "__main__":
    print(run(point(1)) == Point(1))
"""


def test_what_a_command_recorded_is_of_the_classes_of_the_script_that_goes_on_as_a_program(hw: Shell) -> None:
    hw.write("programme.py", PROGRAM)
    assert hw("run", "programme.py", "point", "--x", "1").code == 0
    for command in (["programme.py"], ["-m", "programme"]):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=hw.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert (done.stdout, done.stderr) == ("True\n", "")  # no second time under another name, either
    assert hw("log", "-").out.count("recorded result reused") == 1


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (
            '@task(nane="main")\ndef main():\n    return 1\n',
            3,
            "no option is called 'nane'. Did you mean name?",
        ),
        (
            "@task\ndef f(n):\n    return n\n\n\nONE = f()\n",
            8,
            "wrong.f(n): missing a required argument: 'n'",
        ),
        ("import beside\n", 1, "@task is for functions, not for <built-in function print>"),
    ],
)
def test_what_a_definition_gets_wrong_is_told_with_its_line(
    hw: Shell, text: str, line: int, said: str
) -> None:
    hw.write("wrong.py", f"from headwater import task\nheadwater_namespace = 'wrong'\n{text}")
    hw.write("beside.py", "import headwater; headwater.task(limits={'gpu': 0})(print)\n")
    answer = hw("run", "wrong.py", "main")
    assert answer.code == 2
    file = "beside.py" if "beside" in text else "wrong.py"
    assert answer.err.startswith(f"error: {hw.folder / file}:{line}: {said}")
