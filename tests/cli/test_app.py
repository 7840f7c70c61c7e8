"""The frame: help, version, wrong use, and how long the command takes to say so."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from headwater.cypher.garbage import keep_for_good

from headwater import __version__
from headwater.cli import main
from headwater.cli._app import VERBS, app
from headwater.cli._errors import report

from .conftest import HW, WORKFLOW, Shell, environment

HEAVY = {"rich", "neo4j", "networkx", "fsspec", "msgspec", "numpy", "arcadedb", "asyncio"}


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"headwater {__version__}\n"


def test_help_lists_every_verb_with_the_summary_of_its_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    context = click.Context(app)
    for verb, summary in VERBS.items():
        command = app.get_command(context, verb)
        assert command is not None
        assert command.get_short_help_str(limit=200).rstrip(".") == summary.rstrip(".")
        assert f"{verb} {summary}" in printed


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["run", "--help"], ["log", "--help"]])
def test_help_and_version_import_nothing_heavy(words: list[str]) -> None:
    code = (
        f"import sys; from headwater.cli import main; main({words!r}); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stderr.split()}
    assert not loaded & HEAVY
    assert "headwater.engine" not in done.stderr.split()


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_take_less_than_150_ms(word: str) -> None:
    def once() -> float:
        """Processor seconds of a whole process: they hardly depend on what else the machine does."""
        process = subprocess.Popen([HW, word], env=environment(), stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return used.ru_utime + used.ru_stime

    assert min(once() for _ in range(8)) < 0.150


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lgo"], "there is no verb 'lgo'. Did you mean log?"),
        (["qqq"], "there is no verb 'qqq'. The verbs are: init, run, "),
        (["log", "--jsno"], "--json"),
        (["log", "--limit", "many"], "'many' is not a valid integer"),
        (["run"], "FILE"),
        (["query"], "CYPHER"),
        (["query", "RETURN 1", "--param", "x"], "--param x: a parameter is NAME=VALUE"),
        (["query", " "], "the query is empty"),
        (["run", "x.py", "--frobnicate"], "--frobnicate stands before TASK and is no option of run"),
    ],
)
def test_wrong_use_is_said_on_stderr_with_exit_code_2(
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err


@pytest.mark.parametrize(
    "words", [["log"], ["log", "-"], ["trace", "-"], ["query", "RETURN 1"], ["store", "status"], ["verify"]]
)
def test_reading_outside_a_project_says_how_to_make_one(hw: Shell, words: list[str]) -> None:
    answer = hw(*words)
    assert answer.code == 2
    assert "is not in a project" in answer.err
    assert "hw init" in answer.err
    assert not list(hw.folder.iterdir())


def test_init_makes_a_project_and_leaves_one_alone(hw: Shell) -> None:
    assert hw("init").out.startswith(f"made a project in {hw.folder}")
    settings = hw.folder / ".headwater" / "headwater.ini"
    settings.write_text("[store]\nuri = local\n# mine\n")
    answer = hw("init")
    assert (answer.code, answer.out) == (0, f"{hw.folder} is a project already\n")
    assert "# mine" in settings.read_text()


def test_init_makes_the_folder_it_is_given(hw: Shell) -> None:
    assert hw("init", "a/b").code == 0
    assert (hw.folder / "a" / "b" / ".headwater").is_dir()


def test_init_says_where_it_may_not_write(hw: Shell) -> None:
    hw.write("plain", "a file")
    answer = hw("init", "plain/below")
    assert answer.code == 2
    assert "cannot be made a project" in answer.err


def test_settings_that_cannot_be_read_are_named(hw: Shell) -> None:
    hw("init")
    settings = hw.write(".headwater/headwater.ini", "uri = local\n")
    answer = hw("log")
    assert answer.code == 2
    assert str(settings) in answer.err


def test_a_folder_that_is_gone_is_said_to_be(hw: Shell, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    # The shell removes the folder that it stands in, as somebody else would.
    for words in ("log", "run x.py main", "store status"):
        gone.mkdir(exist_ok=True)
        done = subprocess.run(
            ["bash", "-c", f'rmdir "$PWD"; exec {HW} {words}'],
            check=False,
            cwd=gone,
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 3
        assert done.stderr.endswith(
            "error: the folder that this command was started in is not there any more. Type: cd FOLDER\n"
        )
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (errno.EROFS, "Copy the project to where you may write"),
        (errno.EACCES, "may not. Ask whoever owns it"),
        (errno.ENOSPC, "Make room"),
        (errno.EMFILE, "ulimit -n"),
    ],
)
def test_what_the_machine_refuses_is_no_fault_of_ours(
    number: int, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(OSError(number, os.strerror(number), "/project/.headwater/graph/clients.lock")) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"error: /project/.headwater/graph/clients.lock: {os.strerror(number)}. ")
    assert step in said
    assert "Traceback" not in said
    assert report(OSError(errno.ENOSPC, "No space left on device")) == 3
    assert capsys.readouterr().err.startswith("error: No space left on device. Make room")
    assert report(OSError(errno.EBADF, "of our own making")) == 3
    assert "this is a fault in headwater" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error(hw: Shell) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [HW, "--help"], stdout=write, stderr=subprocess.PIPE, env=environment(), check=False
    )
    os.close(write)
    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_what_is_closed_from_the_start_is_done_without(hw: Shell, closed: str) -> None:
    hw.write("flow.py", WORKFLOW)
    for words in ("run flow.py doubles", "log", "trace -"):
        done = subprocess.run(
            ["bash", "-c", f"exec {HW} {words} {closed}"],
            check=False,
            cwd=hw.folder,
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (words, done.stderr)


READ_ONLY = """
import errno
import headwater.cypher.backlog

def forget_problem(project):
    raise OSError(errno.EROFS, "Read-only file system", str(project.folder / "loader.state"))

headwater.cypher.backlog.forget_problem = forget_problem
"""


def test_a_project_that_cannot_be_written_is_no_failed_run(hw: Shell) -> None:
    hw.write("flow.py", WORKFLOW + READ_ONLY)
    answer = hw("run", "flow.py", "doubles")
    assert answer.code == 3
    assert "FAILED" not in answer.out
    assert answer.err.rpartition("error: ")[2] == (
        f"{hw.folder}/.headwater/loader.state: Read-only file system. Reading takes locks and a store that writes "
        "there, too. Copy the project to where you may write\n"
    )
    assert "Traceback" not in answer.err


NOT_FOR_A_SMALL_RUN = {
    *("sqlite3", "html.entities", "concurrent.futures.thread", "argparse", "pkgutil"),
    *("rich", "networkx", "fsspec", "numpy", "pandas"),
    *("headwater.cypher.loader", "headwater.cypher.load_journal", "headwater.cypher.tokens"),
    *("headwater.cypher.answers", "headwater.cypher.guard", "headwater.cypher.declared"),
    *("headwater.engine.datasets", "headwater.engine.explain", "headwater.engine.federated"),
    *("headwater.engine.promise", "headwater.engine.executors.processes", "headwater.engine.script"),
    "headwater.lineage",
}
"""Modules that cost a run time without being of any use to it; they are imported where they are used."""

SMALL = """
import gc
from headwater import task

class Ring:
    def __init__(self):
        self.me = self
        self.file = open("ring.txt", "w")

ring = Ring()
ring.file.write("all of it")

@task(namespace="small")
def greet(name: str = "world") -> str:
    return f"{name}: {gc.get_freeze_count() > 20000}"
"""


def test_a_small_run_imports_only_what_it_needs(hw: Shell) -> None:
    hw.write("small.py", SMALL)
    code = (
        "import sys; from headwater.cli import main; main(['run', 'small.py', 'greet']); "
        "print('loaded', *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=hw.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stderr.partition("loaded ")[2].split())
    assert "headwater.engine.loop" in loaded
    assert not loaded & NOT_FOR_A_SMALL_RUN


def test_what_a_run_has_imported_is_not_gone_through_as_garbage_and_what_the_script_made_is(
    hw: Shell,
) -> None:
    hw.write("small.py", SMALL)
    assert "world: True" in hw("run", "small.py", "greet").out
    # An open file in a circle is only written out where the collector still finds the circle at the end.
    assert (hw.folder / "ring.txt").read_text() == "all of it"


def test_a_process_that_goes_on_after_a_command_keeps_its_garbage_collector(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = gc.get_freeze_count(), gc.get_threshold()
    assert main(["--version"]) == 0
    keep_for_good()
    assert (gc.get_freeze_count(), gc.get_threshold()) == before


def test_ctrl_c_while_the_command_is_imported_stops_it_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "headwater.cli._app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "headwater.cli._app")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert main(["--version"]) == 130
    assert tuple(capsys.readouterr()) == ("", "stopped\n")
