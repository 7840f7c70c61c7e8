"""Long answers on a terminal go through a pager. Terminals here are real ones, of 80 columns and 10 rows."""

from __future__ import annotations

import fcntl
import os
import re
import select
import shlex
import shutil
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from .conftest import HW, Shell, environment

MARK = "sed 's/^/|/'"
"""a pager that reads all and shows which lines went through it"""
LONG = "UNWIND range(1, 30) AS n RETURN n"
ENDLESS = ("query", "UNWIND range(1, 40000) AS n RETURN n", "--limit", "40000")
"""more than a pipe holds"""
KEYS = """\
import os, signal, sys
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"interrupted\\n"))  # also in the midst of a print
print("first:", sys.stdin.readline(), end="", flush=True)
with open("/dev/tty") as keys:
    while (key := keys.readline()) != "q\\n":
        pass
print("left")
"""
"""a pager that reads one line, and stays until q is typed, also where somebody types Ctrl-C"""
SLOW = """\
import os, time
import click
from headwater.cli._pager import show

def lines():
    for n in range(60):
        yield f"line {n}"
    until = time.monotonic() + 60
    while not os.path.exists("seen") and time.monotonic() < until:
        time.sleep(0.01)
    yield "the last"

with click.Context(click.Command("slow")):
    show(lines())
"""
"""a program whose answer ends only when somebody has seen its beginning"""


class Terminal:
    """A program on a terminal of its own, as a shell starts it: what is typed comes to it, Ctrl-C as a signal."""

    def __init__(
        self, folder: Path, words: tuple[str, ...], *, size: tuple[int, int] = (10, 80), **env: str
    ) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        name = os.ttyname(theirs)
        self._process = subprocess.Popen(
            # What opens a terminal as the first of a session gets its keys.
            ["sh", "-c", f"exec <{name} >{name} 2>&1; stty -echo; exec {shlex.join(words)}"],
            cwd=folder,
            env={**_bare(), "TERM": "xterm", **env},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._seen = b""

    @property
    def seen(self) -> str:
        """All that the terminal showed and kept: not what was written over later."""
        shown = self._seen.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "")
        return re.sub(r"\x1b\[K[^\n]*\x1b\[K", "", shown)

    def until(self, text: str) -> None:
        """Wait until the terminal shows a text."""
        while text not in self.seen:
            assert self._read(), self.seen

    def types(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def interrupts(self, text: str | None = None) -> None:
        """Type Ctrl-C until the terminal shows a text, or the pager has left: a program that is just about to read
        takes notice of the first only when it has read."""
        while (text is None and self._has_pager()) or (text is not None and text not in self.seen):
            with suppress(OSError):  # nobody is there any more
                self.types("\x03")
            while (text is None or text not in self.seen) and select.select([self._ours], [], [], 2)[0]:
                if not self._read():
                    assert text is None, self.seen
                    return

    def _has_pager(self) -> bool:
        """Whether anything but the program itself has this terminal."""
        own = self._process.pid
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, _, _, session, *_ = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
                if int(session) == own != int(stat.parent.name) and state not in "ZX":
                    return True
        return False

    def ends(self) -> tuple[int, str]:
        """The exit code, and what the terminal showed."""
        while self._read():
            pass
        os.close(self._ours)
        return self._process.wait(timeout=60), self.seen

    def _read(self) -> bool:
        """Whether there was anything to read."""
        part = b""
        with suppress(OSError):  # Linux says EIO when the other side has closed
            part = os.read(self._ours, 65536)
        self._seen += part
        return bool(part)


def _bare() -> dict[str, str]:
    return {k: v for k, v in environment().items() if k not in ("PAGER", "LESS", "LINES", "NO_COLOR")}


def on_terminal(folder: Path, *words: str, size: tuple[int, int] = (10, 80), **env: str) -> tuple[int, str]:
    return Terminal(folder, (HW, *words), size=size, **env).ends()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("pager") / "keys.py"
    path.write_text(KEYS, "utf-8")
    return shlex.join([sys.executable, str(path)])


def marked(shown: str) -> bool:
    """Whether all of an answer went through MARK."""
    lines = shown.splitlines()
    assert {line[:1] == "|" for line in lines} in ({True}, {False}), shown
    return lines[0][:1] == "|"


def test_what_is_longer_than_the_screen_is_paged(lab: Shell) -> None:
    lab.write("wrong.cypher", "// title: t\n// severity: error\n// why: w\n// fix: f\n" + _TEN_FINDINGS)
    answers = [
        ("log", "-"), ("trace", "copy.txt"), ("impact", "in.txt", "--list", "all"), ("why", "lab.double"),
        ("diff", "~2", "~0"), ("find",), ("audit", "wrong.cypher"), ("audit", "--list"),
        ("query", "--list"), ("fs", "ls", "-r", "."),
    ]  # fmt: skip
    for words in answers:
        code, shown = on_terminal(
            lab.folder, *words, size=(2, 80), HEADWATER_PAGER=MARK, NO_COLOR="1", COLUMNS="200"
        )
        plain = lab(*words, COLUMNS="200")
        assert (words, code) == (words, plain.code)
        assert [line for line in shown.splitlines() if line.startswith("|")] == [
            f"|{line}" for line in plain.out.splitlines()
        ], words


_TEN_FINDINGS = "UNWIND range(1, 10) AS n RETURN 'found ' + n AS message, ['job:1'] AS nodes\n"


def test_nothing_else_is_paged(lab: Shell) -> None:
    paged = {"HEADWATER_PAGER": MARK}
    for words in [
        ("query", "RETURN 1 AS n"),
        ("query", LONG, "--no-pager"),
        ("query", LONG, "--json"),
        ("query", LONG, "--format", "csv"),
        ("trace", "copy.txt", "--json"),
        ("trace", "copy.txt", "--dot"),
        ("audit", "--list", "--json"),
    ]:
        code, shown = on_terminal(lab.folder, *words, **paged)
        assert code == 0
        assert "|" not in shown.replace("|\n", ""), words
    assert "|" not in lab("query", LONG, **paged).out
    assert "|" not in on_terminal(lab.folder, "query", LONG, TERM="dumb", **paged)[1]
    assert "|" not in on_terminal(lab.folder, "query", LONG, size=(40, 80), **paged)[1]


def test_lines_that_wrap_take_several_rows(lab: Shell) -> None:
    lab.write(
        "why.cypher", "// title: t\n// severity: error\n// why: " + 900 * "w" + "\n// fix: f\n" + _ONE_FINDING
    )
    code, shown = on_terminal(lab.folder, "audit", "why.cypher", HEADWATER_PAGER=MARK)
    assert (code, marked(shown)) == (1, True)
    assert not marked(on_terminal(lab.folder, "audit", "why.cypher", size=(30, 80), HEADWATER_PAGER=MARK)[1])


_ONE_FINDING = "RETURN 'found' AS message, ['job:1'] AS nodes\n"


def test_the_environment_chooses_the_pager(lab: Shell) -> None:
    def shown(**env: str) -> str:
        return on_terminal(lab.folder, "query", LONG, NO_COLOR="1", **env)[1]

    plain = lab("query", LONG).out
    assert shown(PAGER=MARK).startswith("|n\n|1\n")
    assert shown(PAGER="false", HEADWATER_PAGER=MARK).startswith("|n\n|1\n")
    for none in ("", "cat"):
        assert shown(PAGER=none) == shown(PAGER=MARK, HEADWATER_PAGER=none) == plain + "(30 rows)\n"
    missing = "note: the pager that PAGER names is not there: no-such-pager -R\n"
    assert shown(PAGER="no-such-pager -R") == missing + plain + "(30 rows)\n"
    less = "echo LESS is $LESS; cat >/dev/null"
    assert shown(PAGER=less) == "LESS is FKRX\n(30 rows)\n"
    assert shown(PAGER=less, LESS="S") == "LESS is S\n(30 rows)\n"


def test_without_less_all_is_printed(lab: Shell, tmp_path: Path) -> None:
    for name in ("sh", "stty"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    shown = on_terminal(lab.folder, "query", LONG, NO_COLOR="1", PATH=str(tmp_path))[1]
    assert shown == lab("query", LONG).out + "(30 rows)\n"


@pytest.mark.skipif(shutil.which("less") is None, reason="less is not here")
def test_less_shows_a_screen_and_is_left_with_q(lab: Shell) -> None:
    terminal = Terminal(lab.folder, (HW, "impact", "in.txt", "--list", "all"))
    terminal.until(":")
    terminal.types("q")
    code, shown = terminal.ends()
    assert code == 1
    assert "reached" in shown
    assert "people" in shown
    assert "Traceback" not in shown
    terminal = Terminal(lab.folder, (HW, *ENDLESS))
    terminal.until(":")
    terminal.interrupts()
    code, shown = terminal.ends()
    assert code == 0
    assert "Traceback" not in shown
    assert "stopped" not in shown


def test_a_pager_that_is_left_early_changes_no_exit_code(lab: Shell) -> None:
    lab.write("wrong.cypher", "// title: t\n// severity: error\n// why: w\n// fix: f\n" + _TEN_FINDINGS)
    for words, code, first in [
        (("impact", "in.txt", "--list", "all"), 1, "file "),
        (("audit", "wrong.cypher"), 1, "error  wrong: t"),
        (("diff", "~2", "~0"), 1, "a  "),
        (ENDLESS, 0, "n"),
    ]:
        left, shown = on_terminal(lab.folder, *words, HEADWATER_PAGER="head -n 1", NO_COLOR="1")
        assert (words, left) == (words, code)
        assert shown.splitlines()[0].startswith(first)
        assert shown.splitlines()[1:] == (["(40000 rows)"] if words == ENDLESS else [])
    left, shown = on_terminal(lab.folder, *ENDLESS, HEADWATER_PAGER="exit 1;")
    assert (left, shown) == (0, "(40000 rows)\n")


def test_ctrl_c_is_the_pagers_while_it_is_there(lab: Shell, keys: str) -> None:
    for words, code in [(("impact", "in.txt", "--list", "all"), 1), (ENDLESS, 0)]:
        terminal = Terminal(lab.folder, (HW, *words), HEADWATER_PAGER=keys)
        terminal.until("first: ")
        terminal.interrupts("interrupted")
        terminal.types("q\n")
        left, shown = terminal.ends()
        assert (left, "left" in shown) == (code, True)
        assert "stopped" not in shown
        assert "Traceback" not in shown


def test_the_first_page_is_shown_before_all_is_known(hw: Shell) -> None:
    program = (sys.executable, str(hw.write("slow.py", SLOW)))
    terminal = Terminal(hw.folder, program, HEADWATER_PAGER="read one; echo $one; touch seen; tail -n 1")
    assert terminal.ends() == (0, "line 0\nthe last\n")


WAITS = """\
import click
from headwater.cli import _progress

_progress.PATIENCE = 0.0
with click.Context(click.Command("waits"), color=False):
    waiting = _progress.Waiting("auditing")
    waiting("a rule of some length")
    waiting.clear()
    click.echo("told")
"""


def test_what_was_shown_while_somebody_waits_is_taken_away_also_without_colours(hw: Shell) -> None:
    terminal = Terminal(hw.folder, (sys.executable, str(hw.write("waits.py", WAITS))))
    assert terminal.ends() == (0, "told\n")


def test_what_goes_wrong_comes_after_what_was_told(hw: Shell) -> None:
    for told in (1, 60):
        program = SLOW.replace("range(60)", f"range({told})").replace(
            "until =", "raise OSError('gone')\n    until ="
        )
        slow = (sys.executable, str(hw.write("slow.py", program)))
        code, shown = Terminal(hw.folder, slow, HEADWATER_PAGER=MARK).ends()
        assert code == 1
        assert marked(shown.partition("Traceback")[0]) == (told == 60)
        assert f"line {told - 1}\nTraceback" in shown
        assert shown.endswith("OSError: gone\n")


def test_colours_are_kept_and_recorded_text_stays_inert(lab: Shell) -> None:
    query = (
        "query",
        "UNWIND range(1, 30) AS n RETURN 'DONE' AS status, $text AS text",
        "--param",
        "text=\x1b[2Jx",
    )
    shown = on_terminal(lab.folder, *query, HEADWATER_PAGER=MARK)[1]
    assert "|\x1b[1mstatus\x1b[0m" in shown
    assert "|\x1b[32mDONE" in shown
    assert "\\x1b[2Jx" in shown
    assert "\x1b[2J" not in shown
    assert "\x1b" not in on_terminal(lab.folder, *query, HEADWATER_PAGER=MARK, NO_COLOR="1")[1]
