"""A command to type and a project to type it in: the real thing, in processes of its own."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.backlog import loader_pid
from headwater.cypher.errors import StoreUnavailable, UsageError
from headwater.cypher.project import open_project

WORKFLOW = '''\
"""Adds up doubles."""

from pathlib import Path

from headwater import File, task

headwater_namespace = "lab"


@task
def double(x: int) -> int:
    """Twice x."""
    return 2 * x


@task
def total(values: list[int]) -> int:
    return sum(values)


@task
def doubles(n: int = 3, label: str = "a") -> int:
    """Add up the doubles of the first numbers.

    Nothing else.
    """
    return total([double(i) for i in range(n)])


@task
def refuse(x: int) -> int:
    raise ValueError(f"{x} is refused")


@task
def broken(x: int = 7) -> int:
    """Double what is refused."""
    return double(refuse(x))


@task
def login(user: str, password: str) -> str:
    return user


@task
def copy(source: File, target: str) -> File:
    Path(target).write_text(Path(source.path).read_text())
    return File(target)


@task
def lines(file: File) -> int:
    return len(Path(file.path).read_text().splitlines())


@task
def copied_lines(source: File, target: str = "copy.txt") -> int:
    return lines(copy(source, target))
'''


@dataclass(frozen=True)
class Answer:
    """What a command printed and the code it left with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """A folder in which commands are typed."""

    folder: Path

    def __call__(self, *words: str, stdin: str | None = None, **env: str) -> Answer:
        """Type `hw …` and wait for it."""
        done = subprocess.run(
            [HW, *words],
            cwd=self.folder,
            env=environment(**env),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


HW = str(Path(sys.executable).with_name("hw"))


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would send commands elsewhere or change how they look."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HEADWATER_") and name != "COLUMNS"
    }
    return {**kept, "TZ": "UTC", "NO_COLOR": "1", **changes}


def on_a_terminal(words: list[str], folder: Path, typed: str = "", **env: str) -> str:
    """All that a command writes when its output is a terminal, where something may be typed once a prompt is there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [HW, *words],
        cwd=folder,
        env=environment(TERM="xterm", **{"COLUMNS": "100", **env}),
        stdin=theirs if typed else None,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other side has closed
            break
        if not part:
            break
        seen += part
        if typed and b"(Pdb) " in seen:
            os.write(ours, typed.encode())
            typed = ""
    os.close(ours)
    process.wait(timeout=60)
    return seen.decode()


@pytest.fixture
def hw(tmp_path: Path) -> Iterator[Shell]:
    """An empty folder, with the store that a command starts in it stopped at the end."""
    yield from _shell(tmp_path)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A project where `lab.doubles` was run twice, a file was copied, and `lab.broken` failed last."""
    for shell in _shell(tmp_path_factory.mktemp("lab")):
        shell.write("lab.py", WORKFLOW)
        shell.write("in.txt", "one\ntwo\n")
        for words, code in [
            (["doubles"], 0),
            (["doubles"], 0),
            (["copied_lines", "--source", "in.txt"], 0),
            (["broken"], 1),
        ]:
            answer = shell("run", "lab.py", *words)
            assert answer.code == code, answer
        yield shell


def _shell(folder: Path) -> Iterator[Shell]:
    shell = Shell(folder)
    yield shell
    if (folder / ".headwater").is_dir():
        with suppress(UsageError, StoreUnavailable):
            local_graph.stop(open_project(folder))
        with suppress(UsageError, ProcessLookupError):  # settings that a test spoilt; one that has just left
            loader = loader_pid(open_project(folder))
            if loader is not None:  # it would wait for ever for a store that is away
                os.kill(loader, signal.SIGTERM)
