"""A script that is run as the main program: what stands under its `if __name__ == "__main__":` runs in no process that
imports it for its tasks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import argparse, json
from headwater import Scheduler, catch, run, task

headwater_namespace = "program"
NAMES = ["a", "b"]
TABLE = {"x": 1}


class Odd(Exception):
    pass


@task(executor="process")
def look(name):
    return [name in NAMES, TABLE.get("x")]


@task(executor="process")
def fail():
    raise Odd("odd")


@task
def told(error):
    return f"told: {error}"


@task
def flow(names):
    return [look(name) for name in names]

"""


def ran(folder: Path, text: str, executor: str = "process") -> subprocess.CompletedProcess[str]:
    script = folder / "program.py"
    script.write_text(HEAD.replace('"process"', repr(executor)) + text)
    return subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False, cwd=folder
    )


PROGRAMS = {
    "a scheduler in a name": (
        "if __name__ == '__main__':\n    s = Scheduler(record=False)\n    print(s.run(catch(fail(), Odd, told)))\n",
        "told: odd",
    ),
    "a call before there is a scheduler": (
        "if __name__ == '__main__':\n    call = catch(fail(), Odd, told)\n    s = Scheduler(record=False)\n"
        "    print(s.run(call))\n",
        "told: odd",
    ),
    "a loop over what tasks read": (
        "if __name__ == '__main__':\n    s = Scheduler(record=False)\n"
        "    found = {n: s.run(look(n)) for n in NAMES}\n    print(sorted(found.items()))\n",
        "[('a', [True, 1]), ('b', [True, 1])]",
    ),
    "a main function with arguments": (
        "def main():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--n', choices=NAMES)\n"
        "    parser.parse_args()\n    s = Scheduler(record=False)\n    found = s.run(flow(NAMES))\n"
        "    found.sort()\n    print(json.dumps(found))\n\nif __name__ == '__main__':\n    main()\n",
        "[[true, 1], [true, 1]]",
    ),
    "a function that shows": (
        "def show(s: Scheduler, names):\n    print(len(names), s.run(flow(list(names))))\n\n"
        "if __name__ == '__main__':\n    show(Scheduler(record=False), NAMES)\n",
        "2 [[True, 1], [True, 1]]",
    ),
}


@pytest.mark.parametrize("form", PROGRAMS)
def test_tasks_in_processes_may_read_what_a_main_program_uses(tmp_path: Path, form: str) -> None:
    text, printed = PROGRAMS[form]
    found = ran(tmp_path, text)
    assert found.stdout.strip() == printed, found.stderr


CHANGES = ('TABLE["x"] = 5', "TABLE.update(x=5)", 'TABLE = {"x": 5}')


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_main_program_changes_is_not_taken_for_what_processes_read(
    tmp_path: Path, change: str
) -> None:
    text = f"if __name__ == '__main__':\n    {change}\n    print(Scheduler(record=False).run(look('a')))\n"
    assert ran(tmp_path, text, "default").stdout.strip() == "[True, 5]"
    found = ran(tmp_path, text)
    assert found.stdout == ""
    assert "what stands under `if __name__ == '__main__':` does not run there" in found.stderr
