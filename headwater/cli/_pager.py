"""Long answers, a screen at a time: on a terminal, what is longer than the screen goes through a pager."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from subprocess import Popen
    from types import FrameType

NAMES = ("HEADWATER_PAGER", "PAGER")
"""the environment variables that name a pager, the first before the second"""
PAGER = "less"
"""without them"""
LESS = "FKRX"
"""what less does where LESS does not say: short text is not paged, Ctrl-C leaves, colours are shown, and the text stays
on the screen"""
_NO_PAGER = "headwater.no_pager"
_PROGRAM = re.compile(r"([\w@%+,.:/-]+)[\w@%+,.:/= -]*\Z")
"""a command that is a program and its options, whatever shell reads it"""


def _remember(ctx: click.Context, _: click.Parameter, given: bool) -> None:
    ctx.meta[_NO_PAGER] = given


no_pager_option = click.option(
    "--no-pager",
    is_flag=True,
    expose_value=False,
    callback=_remember,
    help="Print all at once where the answer is longer than the screen.",
)
"""For commands whose text `show` prints."""


def show(lines: Iterable[str]) -> None:
    """Print text for people. Where it is longer than the screen of a terminal, a pager has it as it comes; when that
    is left, the rest is not asked for."""
    command = _pager()
    if command is None:
        for line in lines:
            click.echo(line)
        return
    columns, room = shutil.get_terminal_size((100, 24))
    held: list[str] = []
    rest = iter(lines)
    try:
        for line in rest:
            held.append(line)
            room -= _rows(line, columns)
            if room <= 0:
                break
    finally:
        if room > 0:  # also where something goes wrong: what was told before that counts
            for line in held:
                click.echo(line)
    if room <= 0:
        _page(command, chain(held, rest))


def _pager() -> str | None:
    """The command to page with; None where nothing is to be paged."""
    if click.get_current_context().meta.get(_NO_PAGER) or os.environ.get("TERM", "dumb") == "dumb":
        return None
    if sys.stdin is None or not sys.stdin.isatty() or not sys.stdout.isatty():
        return None
    name = next((name for name in NAMES if name in os.environ), "")
    command = os.environ.get(name, PAGER).strip()
    if command in ("", "cat"):
        return None
    program = _PROGRAM.match(command)
    if program and shutil.which(program[1]) is None:
        if name:
            from headwater.cli import _output

            click.echo(
                _output.one_line(f"note: the pager that {name} names is not there: {command}"), err=True
            )
        return None
    return command


def _rows(text: str, columns: int) -> int:
    """How many rows of a terminal a text takes."""
    from headwater.cli import _output

    widths = (_output.display_width(line) for line in click.unstyle(text).split("\n"))
    return sum(max(-(-width // columns), 1) for width in widths)


def _page(command: str, lines: Iterable[str]) -> None:
    """Give lines to a pager until they end or it is left, and wait until it is."""
    import subprocess

    process = subprocess.Popen(
        ["sh", "-c", command],
        stdin=subprocess.PIPE,
        env={"LESS": LESS, **os.environ},
        encoding=sys.stdout.encoding,
        errors=sys.stdout.errors,
    )
    assert process.stdin is not None
    # On the terminal that the pager writes to, colours are shown; in its pipe they would be left out.
    colour = click.get_current_context().color is not False
    with _ctrl_c_left_to(process):
        try:
            for line in lines:
                if not _taken(process.stdin, line, colour):
                    break
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()


def _taken(pipe: IO[str], line: str, colour: bool) -> bool:
    """Whether the pager is still there to take a line."""
    try:
        click.echo(line, file=pipe, color=colour)
    except BrokenPipeError:
        return False
    return True


@contextmanager
def _ctrl_c_left_to(pager: Popen[str]) -> Iterator[None]:
    """While a pager has the terminal, Ctrl-C means what it means to the pager: it leaves, or stops a search."""
    import signal

    def decide(number: int, frame: FrameType | None) -> None:
        if pager.poll() is not None:
            signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, decide)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
