"""What a run shows while it is under way: a live table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from headwater.cli import _output

if TYPE_CHECKING:
    from rich.live import Live

POLL_SECONDS = 0.25
PATIENCE = 0.2
"""a run shorter than this shows nothing, and does not pay for the import of rich"""
PLAIN_SECONDS = 5.0
"""between two lines where no terminal is"""
SILENT_SECONDS = 60.0
"""after which a line is printed there though it says nothing new: some who watch stop what is silent for long"""
_DEBUGGING = ("builtins.breakpoint", "pdb.Pdb")
"""what Python tells its auditors when a debugger begins"""
COLUMNS = ("PENDING", "RUNNING", "DONE", "CACHED", "FAILED", "CANCELLED")

Counts = Mapping[str, Mapping[str, int]]


class Progress:
    """Shows a run's status counts from a thread of its own, until it is left, or a debugger takes the terminal.

    Args:
        counts: gives task name → status → number; called a few times a second.
    """

    def __init__(self, counts: Callable[[], Counts]) -> None:
        self._counts = counts
        self._finished = threading.Event()
        self._table: Live | None = None
        self._thread = threading.Thread(target=self._show, name="headwater-progress", daemon=True)

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            # Nothing takes an audit hook away again: it keeps this object until the process ends, which for `hw run`
            # is soon. After the run it does nothing.
            sys.addaudithook(self._make_way)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finished.set()
        self._thread.join()

    def _make_way(self, event: str, _: object) -> None:
        """Leave the terminal to a debugger: a table that is drawn anew all the time would write over its prompt."""
        if event in _DEBUGGING and not self._finished.is_set():
            self._finished.set()
            if self._table is not None:
                self._table.stop()

    def _show(self) -> None:
        if self._finished.wait(PATIENCE):
            return
        if sys.stderr.isatty():
            self._show_live()
        else:
            self._show_lines()

    def _show_live(self) -> None:
        live = self._table = _live()
        with live:
            while True:
                finished = self._finished.wait(POLL_SECONDS)
                if finished:
                    return
                live.update(_text(self._counts()), refresh=True)

    def _show_lines(self) -> None:
        started = last = time.monotonic()
        said = ""
        while not self._finished.wait(PLAIN_SECONDS):
            line, now = _output.counts(totals(self._counts())), time.monotonic()
            if line != said or now - last >= SILENT_SECONDS:
                said, last = line, now
                click.echo(f"{_output.duration(now - started)}: {line}", err=True)


class Waiting:
    """One line that says how much is left, for something that is mostly short: nothing is shown at first."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._terminal = sys.stderr.isatty()
        self._next = time.monotonic() + (2 * PATIENCE if self._terminal else PLAIN_SECONDS)
        self._shown = False

    def __call__(self, left: str) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (POLL_SECONDS if self._terminal else PLAIN_SECONDS)
        line = f"{self._what}: {left}"
        if self._terminal:
            self._shown = True
            _over_the_line(line)
        else:
            click.echo(line, err=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            _over_the_line("")
            self._shown = False


def _over_the_line(text: str) -> None:
    """Write over the line of the terminal, also where no colours are wanted: those alone would be left out then."""
    click.echo(f"\r\x1b[K{text}", err=True, nl=False, color=True)


def totals(counts: Counts) -> dict[str, int]:
    """The counts of all tasks together."""
    total: dict[str, int] = {}
    for by_status in counts.values():
        for status, number in by_status.items():
            total[status] = total.get(status, 0) + number
    return total


def status_table(counts: Counts) -> str:
    """A row for all, then one a task by name; only the statuses that occur have a column."""
    total = totals(counts)
    columns = [status for status in COLUMNS if total.get(status)]
    rows: list[list[Any]] = [
        [name, *(by_status.get(status) or "" for status in columns), sum(by_status.values())]
        for name, by_status in [("all", total), *sorted(counts.items())]
    ]
    header = ["task", *columns, "total"]
    return _output.table(header, rows, right=header[1:])


def _live() -> Live:
    from rich.console import Console
    from rich.live import Live

    # Lines that tasks print must appear above the table. Where stdout is no terminal they are left alone.
    return Live(
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        redirect_stderr=True,
    )


def _text(counts: Counts) -> Any:
    from rich.text import Text

    return Text.from_ansi(status_table(counts))
