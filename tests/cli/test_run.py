"""`hw run`: from a script and words to a result, recorded."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from itertools import pairwise

import pytest

from headwater.cli import _progress
from tests.waiting import wait_for

from .conftest import HW, WORKFLOW, Shell, environment, on_a_terminal

READ = """
from headwater import File, task

headwater_namespace = "read"


@task
def read(file: File) -> str:
    return file.read()
"""


@pytest.fixture
def fresh(hw: Shell) -> Shell:
    """A folder with the script and no project yet."""
    hw.write("lab.py", WORKFLOW)
    return hw


def test_a_first_run_makes_a_project_and_shows_statuses_and_the_result(fresh: Shell) -> None:
    answer = fresh("run", "lab.py", "doubles", "--n", "4")
    assert answer.code == 0, answer
    assert f"made a project in {fresh.folder}" in answer.err
    assert (fresh.folder / ".headwater").is_dir()
    lines = [line.split() for line in answer.out.splitlines()]
    assert lines[:5] == [
        ["task", "DONE", "total"],
        ["all", "6", "6"],
        ["lab.double", "4", "4"],
        ["lab.doubles", "1", "1"],
        ["lab.total", "1", "1"],
    ]
    assert re.search(r"^run [0-9a-f-]{36} DONE in ", answer.out, re.MULTILINE)
    assert answer.out.endswith("result: 12\n")


def test_a_second_run_finds_everything_cached(fresh: Shell) -> None:
    first = fresh("run", "lab.py", "doubles", "--json")
    again = fresh("run", "lab.py", "doubles", "--json")
    assert first.json["jobs"] == {"DONE": 5}
    assert again.json["jobs"] == {"CACHED": 1}
    assert again.json["result"] == first.json["result"] == "6"
    forced = fresh("run", "lab.py", "doubles", "--no-cache", "--json")
    assert forced.json["jobs"] == {"DONE": 5}


@pytest.mark.parametrize(
    ("path", "said"), [("y" * 300, "choose a shorter one"), ("http://127.0.0.1:1/x", "no answer")]
)
def test_a_file_that_cannot_be_looked_at_is_said_with_its_flag(fresh: Shell, path: str, said: str) -> None:
    fresh.write("read.py", READ)
    answer = fresh("run", "read.py", "read", "--file", path)
    assert answer.code == 1
    assert "error: --file of read.read: " in answer.err
    assert said in answer.err
    assert path in answer.err
    assert "please report it" not in answer.err


def test_a_run_without_provenance_makes_no_project_and_records_nothing(fresh: Shell) -> None:
    answer = fresh("run", "--no-prov", "lab.py", "doubles")
    assert answer.code == 0, answer
    assert "run, not recorded, DONE in" in answer.out
    assert answer.out.endswith("result: 6\n")
    assert not (fresh.folder / ".headwater").exists()
    recorded = fresh("run", "lab.py", "doubles", "--json").json["execution"]
    assert fresh("run", "lab.py", "doubles", "--no-prov", "--json").json["execution"] is None
    assert [run["id"] for run in fresh("log", "--json").json["executions"]] == [recorded]


def test_the_outcome_as_json_has_a_stable_shape(fresh: Shell) -> None:
    outcome = fresh("run", "--json", "lab.py", "doubles").json
    assert outcome | {"execution": "", "seconds": 0} == {
        "execution": "",
        "task": "lab.doubles",
        "status": "DONE",
        "seconds": 0,
        "jobs": {"DONE": 5},
        "tasks": {"lab.double": {"DONE": 3}, "lab.doubles": {"DONE": 1}, "lab.total": {"DONE": 1}},
        "result": "6",
        "error": None,
    }


def test_the_project_is_found_upward(fresh: Shell) -> None:
    fresh("init")
    below = Shell(fresh.folder / "below")
    below.folder.mkdir()
    assert below("run", "../lab.py", "doubles").code == 0
    assert not (below.folder / ".headwater").exists()
    [run] = below("log", "--json").json["executions"]
    assert run["directory"] == str(below.folder)
    asked = below("query", "MATCH (e:Execution) RETURN e.directory, e.project_root", "--json")
    assert asked.json["rows"] == [[str(below.folder), str(fresh.folder)]]


def test_a_failed_run_shows_the_tasks_it_went_through_and_exits_1(fresh: Shell) -> None:
    answer = fresh("run", "lab.py", "broken")
    assert answer.code == 1
    assert "ValueError: 7 is refused" in answer.err
    assert "lab.broken" in answer.err
    assert "lab.refuse" in answer.err
    assert "lab.py" in answer.err
    assert "engine/" not in answer.err
    assert "FAILED in " in answer.out


def test_options_may_stand_anywhere(fresh: Shell) -> None:
    for words in [
        ["--no-cache", "--json", "lab.py", "doubles"],
        ["lab.py", "--no-cache", "--json", "doubles"],
        ["lab.py", "doubles", "--n", "3", "--no-cache", "--json"],
    ]:
        assert fresh("run", *words).json["jobs"] == {"DONE": 5}


def test_a_module_is_run_by_its_dotted_name(fresh: Shell) -> None:
    (fresh.folder / "package").mkdir()
    fresh.write("package/__init__.py", "")
    fresh.write("package/inner.py", "from headwater import task\n@task\ndef one() -> int:\n    return 1\n")
    assert fresh("run", "package.inner", "one").out.endswith("result: 1\n")


def test_without_a_task_the_tasks_are_listed(fresh: Shell) -> None:
    answer = fresh("run", "lab.py")
    assert answer.code == 0
    assert [line.split("  ")[0] for line in answer.out.splitlines()[1:4]] == [
        "lab.double",
        "lab.total",
        "lab.doubles",
    ]
    assert "Add up the doubles of the first numbers." in answer.out
    assert "hw run lab.py TASK --help" in answer.out
    assert not (fresh.folder / ".headwater").exists()


def test_help_of_a_task_shows_its_parameters_and_docstring(fresh: Shell) -> None:
    answer = fresh("run", "lab.py", "doubles", "--help")
    assert answer.code == 0
    assert "Add up the doubles of the first numbers." in answer.out
    assert re.search(r"--n INT +default: 3", answer.out)
    assert re.search(r"--label TEXT +default: 'a'", answer.out)
    assert not (fresh.folder / ".headwater").exists()


@pytest.mark.parametrize("name", ["doubles", "lab.doubles"])
def test_a_task_is_named_in_full_or_relative_to_the_namespace(fresh: Shell, name: str) -> None:
    assert fresh("run", "lab.py", name).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lba.py", "doubles"], "the workflow lba.py is not there. Did you mean lab.py"),
        (["nowhere/lab.py", "doubles"], "the workflow nowhere/lab.py is not there."),
        (["./", "doubles"], "the workflow ./ is a folder, not a Python file. Python files here: "),
        (["empty_place/", "doubles"], "There is no Python file in"),
        (["no.such.module", "x"], "there is no workflow called no.such.module."),
        (["lab.py", "dubles"], "lab.py has no task 'dubles'. Did you mean doubles?"),
        (["buys.py", "nosuch"], "buys.py has no task 'nosuch'. It has: shop.buy.\n"),
        (["lab.py", "zzz"], "lab.py has no task 'zzz'. It has: lab.double, lab.total"),
        (["lab.py", "doubles", "--n", "x"], "--n of lab.doubles: 'x' is not an int"),
        (["lab.py", "doubles", "--m", "1"], "lab.doubles has no parameter --m. Did you mean --n?"),
        (
            ["lab.py", "doubles", "--lable", "1"],
            "lab.doubles has no parameter --lable. Did you mean --label?",
        ),
        (["lab.py", "double"], "lab.double needs --x INT. Type: hw run lab.py double --help"),
        (
            ["lab.py", "--no-cash", "doubles"],
            "--no-cash stands before TASK and is no option of run. Did you mean --no-cache?",
        ),
        (["table.py", "needy"], "calls this one. Type: hw run table.py needy --help"),
        (["lab.py", "doubles", "3"], "'3' belongs to no parameter of lab.doubles"),
        (["lab.py", "doubles", "--tag", "x"], "--tag: 'x' is no tag: a tag is KEY=VALUE"),
        (["empty.py", "x"], "empty.py defines no tasks"),
        (["empty.py"], "empty.py defines no tasks"),
        (["typo.py", "x"], "typo.py:2: SyntaxError"),
        (["crash.py", "x"], "crash.py could not be imported"),
        (["crash.py", "x"], "ZeroDivisionError: division by zero"),
        (["leaves.py", "x"], "leaves.py left the process with sys.exit(3) while it was imported"),
        (["imports.py", "x"], "No module named 'not_there'"),
        (["twice.py", "one"], "'one' could be several tasks of twice.py: a.one, b.one"),
        (["bad.py", "x"], "'not a name'"),
    ],
)
def test_what_cannot_be_run_is_refused_with_what_to_do(fresh: Shell, words: list[str], said: str) -> None:
    (fresh.folder / "empty_place").mkdir()
    fresh.write("empty.py", "x = 1\n")
    fresh.write("table.py", "from headwater import task\n@task\ndef needy(table: dict[str, int]): ...\n")
    fresh.write("typo.py", "x = 1\ndef f(:\n")
    fresh.write("crash.py", "def f():\n    return 1 / 0\nf()\n")
    fresh.write("leaves.py", "import sys\nsys.exit(3)\n")
    fresh.write("imports.py", "import not_there\n")
    buys = "from headwater import federated_task, task\n@task(namespace='shop')\ndef buy(): ...\n"
    fresh.write("buys.py", buys)
    fresh.write("bad.py", "from headwater import task\n@task(name='not a name')\ndef x():\n    pass\n")
    two = "@task(namespace='{0}', name='one')\ndef {0}_one():\n    return 1\n"
    fresh.write("twice.py", "from headwater import task\n" + two.format("a") + two.format("b"))
    answer = fresh("run", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert "headwater/cli" not in answer.err
    assert not (fresh.folder / ".headwater").exists()


def test_secrets_do_not_reach_the_recorded_command(fresh: Shell) -> None:
    fresh("run", "lab.py", "login", "--user", "ann", "--password", "hunter2", "--tag", "team=assay")
    command = fresh("log", "--json").json["executions"][0]["command"]
    assert command == "hw run lab.py login --user ann --password '***' --tag team=assay"


def test_a_script_that_prints_keeps_its_output_apart(fresh: Shell) -> None:
    fresh.write(
        "talks.py",
        "from headwater import task\n@task(namespace='talks')\ndef say():\n    print('hello')\n    return 1\n",
    )
    answer = fresh("run", "talks.py", "say")
    assert answer.out.splitlines()[0] == "hello"
    assert answer.err.replace(f"made a project in {fresh.folder}\n", "") == ""
    answer = fresh("run", "talks.py", "say", "--no-cache", "--json")
    assert (answer.json["result"], answer.err) == ("1", "hello\n")


SLOW = """\
import time
from headwater import task

@task
def nap(n: int) -> int:
    time.sleep(0.3)
    return n

@task
def naps() -> list:
    return [nap(n) for n in range(200)]
"""


def test_ctrl_c_stops_cleanly_with_exit_code_130(fresh: Shell) -> None:
    fresh.write("slow.py", SLOW.replace("time.sleep(0.3)", "open('begun', 'w').close(); time.sleep(0.3)"))
    process = subprocess.Popen(
        [HW, "run", "slow.py", "naps"],
        cwd=fresh.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for((fresh.folder / "begun").exists)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert "Traceback" not in err
    assert err.endswith("stopped\n")
    assert "CANCELLED" in out
    newest = fresh("log", "-", "--json").json
    assert newest["execution"]["status"] == "CANCELLED"
    assert {job["status"] for job in newest["jobs"]} <= {"DONE", "CANCELLED"}


TWICE = """
import os
import signal
import time
from headwater import seq, task

headwater_namespace = "twice"

@task
def done(n: int) -> int:
    return n

@task
def press_twice() -> None:
    time.sleep(1)
    for number in (signal.SIGINT, signal.SIGTERM):  # both count as Ctrl-C, and neither swallows the other
        os.kill(os.getpid(), number)
    time.sleep(300)

@task(executor="process")
def ends_when_nobody_waits() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.01)

@task
def main():
    return seq([[done(n) for n in range(20)], [ends_when_nobody_waits(), press_twice()]])
"""


def test_ctrl_c_twice_leaves_at_once_and_loses_nothing_that_was_recorded(fresh: Shell) -> None:
    fresh.write("twice.py", TWICE)
    began = time.monotonic()
    answer = fresh("run", "twice.py", "main")
    assert time.monotonic() - began < 110
    assert answer.code == 130, answer
    assert not answer.err.endswith("stopped\n")  # it did not take the time to stop cleanly
    assert "Traceback" not in answer.err
    told = fresh("log", "-", "--json").json
    assert told["execution"]["status"] == "FAILED"
    done = [job["status"] for job in told["jobs"] if job["task"] == "twice.done"]
    assert done == ["DONE"] * 20
    assert not {"RUNNING", "PENDING"} & {job["status"] for job in told["jobs"]}


def test_a_terminal_sees_live_progress_and_a_pipe_does_not(fresh: Shell) -> None:
    fresh.write("slow.py", SLOW.replace("range(200)", "range(2)"))
    seen = on_a_terminal(["run", "slow.py", "naps"], fresh.folder)
    assert "RUNNING" in seen
    assert "result: [0, 1]" in seen
    assert "RUNNING" not in fresh("run", "slow.py", "naps", "--no-cache").err


def test_elsewhere_a_line_is_printed_every_few_seconds(fresh: Shell) -> None:
    fresh.write(
        "slow.py", SLOW.replace("time.sleep(0.3)", "time.sleep(5.5)").replace("range(200)", "range(2)")
    )
    answer = fresh("run", "slow.py", "naps")
    lines = [line.partition(" s: ") for line in answer.err.splitlines() if "RUNNING" in line]
    told = [0.0, *(float(seconds) for seconds, _, _ in lines)]
    assert all(later - earlier > 4.9 for earlier, later in pairwise(told)), "every 5 seconds at the most"
    assert "3 RUNNING" in [counts for _, _, counts in lines]


def test_a_run_in_which_nothing_changes_still_shows_that_it_lives(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_progress, "PLAIN_SECONDS", 0.02)
    shown: list[str] = []

    def lines() -> int:
        shown.append(capsys.readouterr().err)
        return len("".join(shown).splitlines())

    for silent, most in (0.1, 1000), (600, 1):
        shown.clear()
        monkeypatch.setattr(_progress, "SILENT_SECONDS", silent)
        least = min(most, 2)
        with _progress.Progress(lambda: {"slow.nap": {"RUNNING": 1}}):
            while lines() < least:
                time.sleep(0.01)
            time.sleep(0.3)
        assert lines() <= most


def test_with_keep_going_everything_that_does_not_depend_on_a_failure_runs(fresh: Shell) -> None:
    fresh.write(
        "mixed.py",
        "import time\nfrom lab import double, refuse, task\n"
        "@task\ndef late(x: int) -> int:\n    time.sleep(1)\n    return x\n"
        "@task\ndef mixed():\n    return [refuse(1), double(late(3))]\n",
    )
    stopped = fresh("run", "mixed.py", "mixed", "--json")
    assert (stopped.code, stopped.json["tasks"].get("lab.double")) == (1, {"CANCELLED": 1})
    going = fresh("run", "mixed.py", "mixed", "--json", "--keep-going")
    assert (going.code, going.json["tasks"]["lab.double"]) == (1, {"DONE": 1})
    assert going.json["error"] == "ValueError: 1 is refused"


def test_a_task_that_leaves_the_process_fails_its_run(fresh: Shell) -> None:
    fresh.write("leaves.py", "import sys\nfrom headwater import task\n@task\ndef go():\n    sys.exit(0)\n")
    answer = fresh("run", "leaves.py", "go", "--json")
    assert (answer.code, answer.json["status"]) == (1, "FAILED")


def test_a_task_that_raises_keyboard_interrupt_fails_and_does_not_stop_the_command(fresh: Shell) -> None:
    fresh.write(
        "stops.py", "from headwater import task\n@task\ndef go():\n    raise KeyboardInterrupt('mine')\n"
    )
    answer = fresh("run", "stops.py", "go", "--json")
    assert (answer.code, answer.json["status"], answer.json["error"]) == (
        *(1, "FAILED"),
        "KeyboardInterrupt: mine",
    )
    assert fresh("log", "--json").json["executions"][0]["status"] == "FAILED"


def test_ctrl_c_before_the_run_begins_says_so(fresh: Shell) -> None:
    fresh("init")
    silent = socket.create_server(("127.0.0.1", 0))  # it takes connections, and says nothing
    fresh.write(".headwater/headwater.ini", f"[store]\nuri = bolt://127.0.0.1:{silent.getsockname()[1]}\n")
    process = subprocess.Popen(
        [HW, "run", "lab.py", "doubles"],
        cwd=fresh.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    taken, _ = silent.accept()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    taken.close()
    silent.close()
    assert (process.returncode, out) == (130, ""), err
    assert err == "stopped before it began: nothing ran\nstopped\n"


def test_a_run_does_not_need_the_store(fresh: Shell) -> None:
    fresh("init")
    fresh.write(".headwater/headwater.ini", "[store]\nuri = bolt://127.0.0.1:9\n")
    answer = fresh("run", "lab.py", "doubles", HEADWATER_STORE_PASSWORD="x")
    assert answer.code == 0, answer
    assert answer.out.endswith("result: 6\n")
    assert "127.0.0.1:9" in answer.err
    assert "Traceback" not in answer.err


def test_loading_can_be_left_to_the_background(fresh: Shell) -> None:
    for words in (["--background-load"], ["--no-wait"]):
        answer = fresh("run", *words, "lab.py", "doubles")
        assert answer.code == 0
    assert fresh("run", "lab.py", "doubles", HEADWATER_BACKGROUND_LOAD="yes").code == 0
    assert len(fresh("log", "--json").json["executions"]) == 3
    wrong = fresh("run", "lab.py", "doubles", HEADWATER_BACKGROUND_LOAD="perhaps")
    assert (wrong.code, wrong.out) == (2, "")
    assert "HEADWATER_BACKGROUND_LOAD=perhaps is not true or false" in wrong.err


def test_a_debugger_in_a_task_has_the_terminal_for_itself(fresh: Shell) -> None:
    fresh.write(
        "stops.py",
        "import time\nfrom headwater import task\nheadwater_namespace = 'stops'\n"
        "@task\ndef stop(n: int = 20):\n    time.sleep(3)\n    breakpoint()\n    return n\n",
    )
    seen = on_a_terminal(["run", "stops.py", "stop"], fresh.folder, typed="p n + 1\nc\n")
    before, prompt, after = seen.partition("(Pdb) ")
    assert "RUNNING" in before
    assert prompt
    assert "21" in after.partition("(Pdb) ")[0]
    assert "RUNNING" not in after
    assert "result: 20" in after
