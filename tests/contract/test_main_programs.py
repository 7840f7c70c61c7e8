"""A script that is run as the main program: what stands under its `if __name__ == "__main__":` runs in no process that
imports it for its tasks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import argparse, copy, json, logging, threading, time
import helpers
from headwater import Scheduler, catch, subrun, task

headwater_namespace = "program"
NAMES = ["a", "b"]
TABLE = {"x": 1}
HELD = {"lock": threading.Lock(), "x": 1}
LIMIT = 1
MADE = {"at": time.time()}
log = logging.getLogger("program")


class Odd(Exception):
    pass


class Thing:
    items = []

    def __init__(self, n):
        self.n = n


    def x(self):
        return TABLE["x"]


THINGS = [Thing(1), Thing(2)]


def inner(name=["x"]):
    log.info("asked")
    return getattr(log, "own", TABLE.get(name[0], name))


inner.x = 1


@task(executor="process")
def look():
    if not NAMES or not MADE:
        raise Odd
    return [inner(), inner.x, NAMES, LIMIT, [thing.n for thing in THINGS], HELD["x"], Thing.items]


@task(executor="process")
def far():
    return helpers.listed()


@task
def flow(n):
    return look()


@task(executor="process")
def other(first=[1]):
    return [first, len(LOG)]


LOG = []


@task(executor="process")
def called(thing):
    return (thing(1) if isinstance(thing, type) else thing).x()


@task
def told(error):
    return f"told: {error}"


def change(table):
    table["x"] = 5


"""
HELPERS = """
from headwater import task

headwater_namespace = "helpers"
TABLE = {"x": 1}
LIMIT = 1
FIVE = 5


def listed():
    return [TABLE["x"], LIMIT]


def fill():
    TABLE["x"] = 5


@task(executor="process")
def own():
    return listed()
"""
AS_IT_IS = "[1, 1, ['a', 'b'], 1, [1, 2], 1, []]"


def ran(
    folder: Path,
    under: str,
    run: str,
    executor: str = "process",
    guard: str = "if __name__ == '__main__':\n    …",
) -> subprocess.CompletedProcess[str]:
    """A program that does something under its guard, and then evaluates an expression there."""
    (folder / "fives.py").write_text("LIMIT = 5\n")
    (folder / "helpers.py").write_text(HELPERS.replace('"process"', repr(executor)))
    lines = (*under.splitlines(), f"print(Scheduler(record=False).run({run}))")
    indent = guard.partition("…")[0].rpartition("\n")[2]
    text = guard.replace("…", f"\n{indent}".join(lines))
    (folder / "program.py").write_text(HEAD.replace('"process"', repr(executor)) + text)
    return subprocess.run(
        [sys.executable, "program.py"], capture_output=True, text=True, timeout=60, check=False, cwd=folder
    )


USES = {
    "nothing": "",
    "arguments": "parser = argparse.ArgumentParser()\nparser.add_argument('--n', choices=NAMES)\n"
    "args = parser.parse_args()\nargs.names = NAMES",
    "a scheduler in a name": "s = Scheduler(record=False)\nfound = {n: s.run(flow(n)) for n in NAMES}",
    "a call in a name": "call = catch(flow(THINGS), Odd, told)\ns = Scheduler(record=False)\ns.run(call)",
    "what is made anew wherever the file is imported": "log.info('%s', MADE)\njson.dumps(MADE)\ncopy.deepcopy(MADE)",
    "the same imported again": "from helpers import LIMIT as LIMIT",
    "reading": "print(len(NAMES), TABLE['x'], sorted(TABLE.items()), HELD['x'])\nfor name in NAMES:\n    print(name)",
    "a log": "log.setLevel('INFO')\nlog.info('begun')",
    "the same again": "TABLE['x'] = 1\nLIMIT = 1",
    "what it does not read": "LOG.append('begun')",
    "decorators": "@(\n    lambda f: f\n)\ndef ö(): 'ä'; return 1",
    "two guards": "pass\n\nif '__main__' == __name__:\n    LIMIT = 1\n    s = Scheduler(record=False)\n"
    "    s.run(flow(NAMES))",
}


@pytest.mark.parametrize("use", USES)
def test_tasks_in_processes_read_what_a_main_program_only_uses(tmp_path: Path, use: str) -> None:
    found = ran(tmp_path, USES[use], "look()")
    assert found.stdout.splitlines()[-1:] == [AS_IT_IS], found.stderr


CHANGES = {
    'TABLE["x"] = 5': "look, or what it calls, reads TABLE",
    "pass\nif __name__ == '__main__' and LIMIT:\n    TABLE.update(x=5)": "look, or what it calls, reads TABLE",
    "TABLE.update(x=5)": "look, or what it calls, reads TABLE",
    "dict.update(TABLE, x=5)": "look, or what it calls, reads TABLE",
    "change(TABLE)": "look, or what it calls, reads TABLE",
    "also = TABLE\nalso['x'] = 5": "look, or what it calls, reads TABLE",
    "if LIMIT:\n    NAMES.append('c')": "look, or what it calls, reads NAMES",
    "[NAMES.append(name) for name in 'cd']": "look, or what it calls, reads NAMES",
    "THINGS[0].n = 5": "look, or what it calls, reads THINGS",
    "inner.x = 5": "look, or what it calls, reads inner",
    "Thing.items.append(5)": "look, or what it calls, reads Thing",
    'HELD["x"] = 5': "look, or what it calls, reads HELD",
    "LIMIT = 5": "look, or what it calls, reads LIMIT",
    "TABLE = {'x': 5}": "look, or what it calls, reads TABLE",
    "inner.__defaults__ = ([5],)": "look, or what it calls, reads inner",
    "Thing.items = [5]": "look, or what it calls, reads Thing",
    "log.own = 5": "look, or what it calls, reads log",
    "from helpers import FIVE as LIMIT": "look, or what it calls, reads LIMIT",
    "from fives import *": "look, or what it calls, reads LIMIT",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_main_program_changes_is_not_taken_for_what_processes_have(
    tmp_path: Path, change: str
) -> None:
    on_thread = ran(tmp_path, change, "look()", "default")
    assert on_thread.stdout.strip() not in ("", AS_IT_IS), on_thread.stderr
    found = ran(tmp_path, change, "look()")
    assert found.stdout == ""
    assert f"program.{CHANGES[change]}" in found.stderr
    assert "give it to the task as an argument" in " ".join(found.stderr.split())


@pytest.mark.parametrize(
    "change",
    [
        "helpers.TABLE['x'] = 5",
        "helpers.LIMIT = 5",
        "helpers.fill()",
        "import helpers as h\nh.LIMIT = 5",
        "from helpers import TABLE as t\nt['x'] = 5",
        "t = helpers.TABLE\nt['x'] = 5",
    ],
)
@pytest.mark.parametrize("run", ["far()", "helpers.own()"])
def test_so_it_is_with_what_other_modules_hold(tmp_path: Path, change: str, run: str) -> None:
    assert "5" in ran(tmp_path, change, run, "default").stdout
    found = ran(tmp_path, change, run)
    assert found.stdout == ""
    assert f"reads {'LIMIT' if 'LIMIT' in change else 'TABLE'}" in found.stderr


def test_a_part_of_the_workflow_in_a_process_is_refused_as_well(tmp_path: Path) -> None:
    run = "subrun(flow(1), executor='process')"
    for change in ("", "LOG.append(5)", "s = Scheduler(record=False)"):
        assert ran(tmp_path, change, run, "default").stdout.strip() == AS_IT_IS
    found = ran(tmp_path, 'TABLE["x"] = 5', run, "default")
    assert found.stdout == ""
    assert "headwater.subrun_root_task, or what it calls, reads TABLE" in found.stderr


GUARDS = [
    "if '__main__' != __name__:\n    pass\nelse:\n    …",
    "MAIN = __name__ == '__main__'\nif LIMIT and MAIN:\n    …",
    "if not LIMIT:\n    pass\nelif not __name__ != '__main__':\n    …\nelse:\n    LOG.append(1)",
    "match __name__:\n    case '__main__':\n        …\n    case _:\n        pass",
    "try:\n    if __name__ == '__main__':\n        …\nfinally:\n    pass",
    "if __name__ in ('__main__',):\n    …",
    "if __name__ not in ['__main__']:\n    pass\nelse:\n    …",
    "def main():\n    …\n\n\n__name__ == '__main__' and main()  # so may it be",
]


@pytest.mark.parametrize("guard", GUARDS)
def test_there_are_other_ways_to_write_a_guard(tmp_path: Path, guard: str) -> None:
    as_it_is = ran(tmp_path, "", "look()", guard=guard)
    assert as_it_is.stdout.strip() == AS_IT_IS, as_it_is.stderr
    change = "TABLE['x'] = 5"
    assert ran(tmp_path, change, "look()", "default", guard).stdout.startswith("[5, 1,")
    found = ran(tmp_path, change, "look()", guard=guard)
    assert found.stdout == ""
    assert "look, or what it calls, reads TABLE" in found.stderr


def test_what_only_those_do_that_import_a_main_program_is_told_as_well(tmp_path: Path) -> None:
    guard = "if __name__ == '__main__':\n    …\nelse:\n    NAMES.append('c')"
    found = ran(tmp_path, "", "look()", guard=guard)
    assert found.stdout == ""
    assert "look, or what it calls, reads NAMES" in found.stderr


@pytest.mark.parametrize("given", ["Thing(1)", "Thing"])
def test_so_are_methods_of_what_is_handed_to_a_process(tmp_path: Path, given: str) -> None:
    run = f"called({given})"
    assert ran(tmp_path, "", run).stdout.strip() == "1"
    assert ran(tmp_path, "TABLE['x'] = 5", run, "default").stdout.strip() == "5"
    found = ran(tmp_path, "TABLE['x'] = 5", run)
    assert found.stdout == ""
    assert "called, or what it calls, reads TABLE" in found.stderr


def test_so_is_a_function_that_is_handed_to_a_process(tmp_path: Path) -> None:
    run = "apply_func.options(executor='process')(inner)"
    assert ran(tmp_path, "from headwater import apply_func", run).stdout.strip() == "1"
    found = ran(tmp_path, "from headwater import apply_func\nTABLE['x'] = 5", run)
    assert found.stdout == ""
    assert "reads TABLE" in found.stderr
