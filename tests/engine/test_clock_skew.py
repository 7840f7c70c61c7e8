"""Runs whose clock is not the one that dates the files, as with a server of files whose clock is wrong."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from headwater.engine.files.written import keep_time, was_there

from tests.engine import commands
from tests.waiting import wait_for

Hw = Callable[..., str]

SHIFTED = """
import os, time
_seconds = int(os.environ["SHIFTED_BY"])
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + _seconds
time.time_ns = lambda: _time_ns() + _seconds * 10**9
"""

WORKFLOW = """
import time
from headwater import ContentFile, File, script, task

headwater_namespace = "skew"


@task
def slowly(file: ContentFile) -> str:
    with open(file) as handle:
        handle.read(10)
    File("began.txt").write("now")
    while not File("replaced.txt").exists():
        time.sleep(0.01)
    return file.read()


@task
def reading(path: str = "in.txt") -> str:
    return slowly(ContentFile(path))


@task
def write(letter: str) -> File:
    file = File("out.txt")
    file.write(letter)
    return file


@task
def writing(letter: str = "a") -> File:
    return write(letter)


@task
def scripted() -> File:
    return script("printf made > made.txt", outputs=File("made.txt"))


@task
def name_(path: str) -> File:
    return File(path)


@task
def naming(path: str = "in.txt") -> File:
    return name_(path)


@task
def length(file: File) -> int:
    return len(file.read())


@task
def measuring(path: str = "in.txt") -> int:
    return length(File(path))
"""


@pytest.fixture(params=[-3600, 3600], ids=["an hour behind", "an hour ahead"])
def hw(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hw]:
    """`hw` with a clock that is an hour off, in a project of its own."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SHIFTED)
    (tmp_path / "skew.py").write_text(WORKFLOW)
    run = partial(
        commands.hw,
        tmp_path,
        PYTHONPATH=str(tmp_path / "site"),
        SHIFTED_BY=str(request.param),
        HEADWATER_CACHE=str(tmp_path / "cache"),
    )
    run("init")
    yield run
    run("store", "stop")


def test_a_content_that_is_replaced_while_a_call_runs_spoils_no_later_run(hw: Hw, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("a" * 20)
    time.sleep(2.1)  # a digest is kept of what has not changed for two seconds
    thread = threading.Thread(target=hw, args=("run", "skew.py", "reading"))
    thread.start()
    wait_for((tmp_path / "began.txt").exists, 60)
    (tmp_path / "other").write_text("b" * 20)
    os.replace(tmp_path / "other", tmp_path / "in.txt")
    (tmp_path / "replaced.txt").touch()
    thread.join()
    (tmp_path / "in.txt").write_text("a" * 20)
    assert f"result: '{'a' * 20}'" in hw("run", "skew.py", "reading")


def test_changes_are_seen_whatever_the_date_of_the_file(hw: Hw, tmp_path: Path) -> None:
    file = tmp_path / "in.txt"
    for text, date in (("1", 4_000_000_000), ("22", 1), ("333", None)):
        file.write_text(text)
        if date is not None:
            os.utime(file, (date, date))
        assert f"result: {len(text)}" in hw("run", "skew.py", "measuring")
    hw("run", "skew.py", "measuring")
    assert commands.jobs(hw("log", "-", "--json"), "DONE") == 0


@pytest.mark.parametrize(
    ("task", "path", "maker"), [("writing", "out.txt", "write"), ("scripted", "made.txt", "script")]
)
def test_who_made_a_file_is_known(hw: Hw, task: str, path: str, maker: str) -> None:
    hw("run", "skew.py", task)
    assert f"{maker}(" in hw("trace", path)


def test_who_named_a_file_did_not_make_it(hw: Hw, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("from outside")
    time.sleep(0.1)
    hw("run", "skew.py", "naming")
    assert [file["path"] for file in json.loads(hw("trace", "-", "--json"))["files"]] == [
        str(tmp_path / "in.txt")
    ]


def test_a_file_is_dated_by_the_clock_of_its_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    for off in (-3600, 3600, 0):
        monkeypatch.setattr(time, "time", lambda off=off: now() + off)
        before = time.time()
        (tmp_path / "a").write_text("a")
        keep_time(str(tmp_path / "a"), before)
        assert not was_there(str(tmp_path / "a"), before)
        time.sleep(0.1)
        assert was_there(str(tmp_path / "a"), time.time())


@pytest.mark.parametrize("off", [-3600, 3600, 0])
def test_that_this_process_stood_still_meanwhile_makes_no_file_newer_or_older(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: int
) -> None:
    now = time.time
    (tmp_path / "before").write_text("a")
    time.sleep(0.1)
    began = now() + off
    for stood_still in (0, 3):
        monkeypatch.setattr(time, "time", lambda: now() + off)
        since = time.time() - stood_still
        (tmp_path / "now").write_text("a")
        monkeypatch.setattr(time, "time", lambda late=3 - stood_still: now() + off + late)
        keep_time(str(tmp_path / "now"), since)
        if off == 0:
            assert was_there(str(tmp_path / "before"), began)
        assert not was_there(str(tmp_path / "now"), began)
        assert was_there(str(tmp_path / "before"), began + 3)
