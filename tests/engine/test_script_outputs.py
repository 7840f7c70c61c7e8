"""Whose an output of a script is: what lay there before, and what another script wrote, is not its own."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from headwater.engine.script_register import Places
from headwater.engine.script_trace import can_trace
from headwater.engine.script_turns import registered

from headwater import (
    ContentDir,
    ContentFile,
    Dir,
    File,
    FileSet,
    IFile,
    Scheduler,
    ScriptError,
    ShardedDataset,
    script,
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    return tmp_path


def run(expression: Any) -> Any:
    return Scheduler(record=False).run(expression)


@pytest.mark.parametrize("kind", [File, ContentFile, Dir, ContentDir, FileSet])
def test_what_was_there_before_is_no_output(here: Path, kind: Any) -> None:
    place = kind("out.txt" if issubclass(kind, File) else "made/*.txt" if kind is FileSet else "made")
    (here / "made").mkdir()
    for name in ("out.txt", "made/out.txt"):
        (here / name).write_text("old")
        os.utime(here / name, (1, 1))
    settle()
    with pytest.raises(ScriptError, match=r"did not write its output .*(out\.txt|made).*in inputs=, too"):
        run(script("[ -e out.txt ] || echo new > out.txt", outputs=place))
    assert (here / "out.txt").read_text() == "old"
    assert run(script("touch out.txt made/out.txt", outputs=place)).exists()
    assert run(script("true", inputs=[kind(place.path)], outputs=place)).exists()
    assert run(
        script("cp -p out.txt new; mv new out.txt; cp -p out.txt made/out.txt", outputs=place)
    ).exists()


def test_a_folder_may_be_made_in_place_of_a_file(here: Path) -> None:
    (here / "made").write_text("a file")
    assert len(run(script("rm made; mkdir made; touch made/x", outputs=Dir("made")))) == 1
    (here / "gone").write_text("a file")
    with pytest.raises(ScriptError, match="gone is no folder: a file has that name"):
        run(script("touch gone", outputs=Dir("gone")))


def test_a_link_that_was_made_anew_was_written(here: Path) -> None:
    (here / "one.txt").write_text("one")
    (here / "latest").symlink_to("one.txt")
    settle()
    assert run(script("ln -sf one.txt latest", outputs=File("latest"))).read() == "one"
    settle()
    with pytest.raises(ScriptError, match="did not write"):
        run(script("true", outputs=File("latest")))


def test_a_sharded_table_can_be_an_output(here: Path) -> None:
    made = run(
        script(
            "mkdir d; echo a > d/1.csv; echo a > d/2.csv", outputs=ShardedDataset("d", "csv", recurse=False)
        )
    )
    assert (made, made.filenames) == (ShardedDataset("d", "csv", recurse=False), ["d/1.csv", "d/2.csv"])
    settle()
    with pytest.raises(ScriptError, match=r"did not write its output .*/d/\*\.\[cC\]"):
        run(script("touch d/readme", outputs=made))


def test_what_never_changes_by_its_users_word_may_be_there_before(here: Path) -> None:
    (here / "out.txt").write_text("old")
    settle()
    assert run(script("true", outputs=[IFile("out.txt"), File("-")]))[0].read() == "old"


def test_what_a_script_leaves_in_a_folder_that_it_makes_is_a_warning(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (here / "made").mkdir()
    for name in ("old", "taken"):
        (here / "made" / name).write_text(name)
    settle()
    made = run(script("echo new > made/new", inputs=File("made/taken"), outputs=Dir("made")))
    assert [file.basename() for file in made] == ["new", "old", "taken"]
    (record,) = caplog.records
    assert f"was there before: {here}/made/old. It counts" in record.getMessage()


def test_what_lies_at_home_besides_what_a_script_made_is_a_warning(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for home in (Dir("home"), ContentDir(f"memory:/{here}")):
        for n in (2, 1):
            text = f"mkdir made; for n in $(seq {n}); do echo $n > made/$n; done"
            assert len(run(script(text, outputs=home.stage("made"), tempdir=True))) == 2
        (record,) = caplog.records
        assert f"in its output {home.uri} what was there before: {home.uri}/2. It" in record.getMessage()
        caplog.clear()


@pytest.mark.parametrize("executor", ["default", "process"])
@pytest.mark.parametrize("kind", [File, Dir])
def test_two_scripts_that_write_one_path_at_a_time_are_told(here: Path, executor: str, kind: Any) -> None:
    def write(text: str, place: str) -> Any:
        made = f"{place}/x" if kind is Dir else place
        wait = "while [ ! -e a ] || [ ! -e b ]; do sleep .01; done"
        return script(
            f"touch {text}; {wait}; mkdir -p $(dirname {made}); echo {text} > {made}",
            outputs=kind(place),
            executor=executor,
        )

    with pytest.raises(ScriptError, match=r"another script was writing .*/one at the same time"):
        run([write("a", "one"), write("b", "./one")])
    for name in ("a", "b"):
        os.unlink(name)
    assert [made.path for made in run([write("a", "one"), write("b", "two")])] == ["one", "two"]
    assert run(write("a", "one")).path == "one", "one after the other is no harm"
    if kind is File:
        passed = [script(f"sleep .1; cat one; true {n}", File("one"), File("one")) for n in range(3)]
        assert len(run(passed)) == 3, "nor is what is only passed on"


TURNS = """
import sys
from headwater import File, Scheduler, script

text = f"echo begins >> log; {sys.argv[1]}; echo $$ > out.txt; echo ends >> log; cat out.txt"
said, file = Scheduler(record=False).run(script(text, outputs=[File("-"), File("out.txt")]))
assert file.read() in (said, said.decode() if isinstance(said, bytes) else said), (said, file.read())
"""


def test_runs_take_turns_where_their_scripts_write_one_path(here: Path) -> None:
    (here / "turns.py").write_text(TURNS)
    both = [subprocess.Popen([sys.executable, "turns.py", "sleep .5"]) for _ in range(3)]
    assert [one.wait() for one in both] == [0, 0, 0]
    assert (here / "log").read_text().split() == ["begins", "ends"] * 3


def test_a_run_inside_a_script_does_not_wait_for_it(here: Path) -> None:
    (here / "turns.py").write_text(TURNS)
    inside = f"{sys.executable} turns.py true"
    ran = subprocess.run([sys.executable, "turns.py", inside], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert f"{here}/out.txt is written by the script that this one runs in, too" in ran.stderr


def test_a_run_that_a_script_left_running_takes_turns_like_any_other(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run(script("echo $_HEADWATER_INSIDE > out.txt", outputs=File("out.txt"))).read()
    monkeypatch.setenv("_HEADWATER_INSIDE", said.strip())
    assert len(said.split()) == 1
    assert run(script("echo y > out.txt", outputs=File("out.txt"))).read() == "y\n"


def test_scripts_of_one_run_keep_others_out_until_the_last_has_ended(here: Path) -> None:
    path = str(here / "out.txt")
    entered: list[str] = []

    def writing(run: str) -> Any:
        return registered(Places({path}, set(), set()), run)

    def other() -> None:
        with writing("other"):
            entered.append("other")

    waiting = threading.Thread(target=other)
    first, second = writing("one"), writing("one")
    second.__enter__()
    with pytest.raises(ScriptError, match="at the same time"), first:
        waiting.start()
    waiting.join(0.2)
    assert entered == [], "whoever came later has it, too"
    with pytest.raises(ScriptError, match="at the same time"):
        second.__exit__(None, None, None)
    waiting.join()
    assert entered == ["other"]
    assert os.listdir(os.path.join(os.environ["HEADWATER_CACHE"], f"scripts-{platform.node()}")) == [".lock"]


def test_a_script_may_have_very_many_outputs(here: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    outputs = [File(f"made/{n}") for n in range(2500)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    try:
        made = run(script("mkdir made; touch $(seq -f made/%g 0 2499)", outputs=outputs))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert len(made) == 2500


def test_without_a_cache_folder_that_for_temporary_files_serves(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CACHE", "/dev/null/x")
    (here / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(here / "tmp"))
    (here / "in.txt").write_text("x\n")
    staged = File("in.txt").stage("here/in.txt")
    assert run(script("cat here/in.txt > out.txt", staged, File("out.txt"))).read() == "x\n"
    assert (here / "tmp" / f"headwater-{os.getuid()}" / f"scripts-{platform.node()}" / ".lock").exists()
    os.rename(here / "tmp" / f"headwater-{os.getuid()}", here / "tmp" / "moved")
    (here / "tmp" / f"headwater-{os.getuid()}").write_text("in the way")
    assert run(script("echo x > out.txt", outputs=File("out.txt"))).read() == "x\n"
    with pytest.raises(ScriptError, match="Set HEADWATER_CACHE to a folder where they can be"):
        run(script("cat here/in.txt; true", staged))


@pytest.mark.skipif(not can_trace(), reason="needs strace, and leave to use it")
@pytest.mark.parametrize("error", ["ENOSYS", "ENOLCK"])
def test_where_files_in_the_cache_folder_cannot_be_locked_that_for_temporary_files_serves(
    here: Path, error: str
) -> None:
    (here / "in.txt").write_text("x")
    staged = 'Scheduler(record=False).run(script("cat here/in.txt", File("in.txt").stage("here/in.txt")))'
    lock = here / "cache" / f"scripts-{platform.node()}" / ".lock"
    refusing = f"strace -f -qq -o log -e trace=flock -e inject=flock:error={error} -P {lock}".split()
    code = f"from headwater import File, Scheduler, script; print({staged})"
    ran = subprocess.run(
        [*refusing, sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(here)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("x\n", "")
    assert "INJECTED" in (here / "log").read_text()


def test_another_attempt_waits_until_the_one_before_has_ended(here: Path) -> None:
    text = """#!/bin/sh
    trap 'sleep .3; echo late > out.txt; exit 1' TERM
    if [ ! -e tried ]; then touch tried; sleep 60 & wait; fi
    echo right > out.txt
    """
    # (Where the machine is busy, more attempts than the first may take too long.)
    made = script(text, outputs=File("out.txt"), timeout=0.5, retries=20, retry_backoff=0)
    assert run(made).read() == "right\n"


def test_another_attempt_waits_for_what_a_killed_worker_left(here: Path) -> None:
    text = """#!/bin/sh
    trap '' TERM
    if [ ! -e tried ]; then
        touch tried; kill -9 $PPID
        while sleep .05; do echo old >> out.txt; done
    fi
    echo right > out.txt; sleep 1; cp out.txt seen
    """
    made = script(
        text, outputs=[File("out.txt"), File("seen")], executor="process", retries=1, retry_backoff=0
    )
    assert run(made)[1].read() == "right\n"


def settle() -> None:
    """Wait until the clock that dates files has gone on since the last was written."""
    time.sleep(0.03)
