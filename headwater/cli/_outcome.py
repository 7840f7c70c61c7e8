"""What came of a run, as `hw run` tells it: a table and a result, or JSON."""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING, Any

import click

from headwater.cli import _output
from headwater.cli._progress import status_table, totals
from headwater.cypher.inert import lines

if TYPE_CHECKING:
    from headwater.engine.scheduler import Scheduler

RESULT_CHARACTERS = 1000


class Outcome:
    """What came of a run, told once it is over.

    Attributes:
        failure: what it failed with, where it did.
    """

    def __init__(self, task: str, scheduler: Scheduler) -> None:
        self.task = task
        self.scheduler = scheduler
        self.started = time.monotonic()
        self.status = "CANCELLED"
        self.result: str | None = None
        self.error: str | None = None
        self.failure: BaseException | None = None

    def done(self, value: Any) -> None:
        from headwater.engine.values import preview

        self.status = "DONE"
        self.result = preview(value, RESULT_CHARACTERS)

    def cancelled(self, error: BaseException) -> None:
        from headwater.engine.traceback import message_of

        self.error = message_of(error)
        click.echo(lines(self.error), err=True)

    def failed(self, error: BaseException) -> None:
        from headwater.engine.files.address import masked

        self.status, self.failure = "FAILED", error
        self.error = masked("".join(traceback.format_exception_only(type(error), error)).strip())
        tasks = getattr(error, "headwater_traceback", None)
        told = masked(str(tasks) if tasks is not None else "".join(traceback.format_exception(error)))
        click.echo(lines(told.rstrip("\n")), err=True)

    def stopped(self, as_json: bool) -> None:
        """Ctrl-C: what had been done by then, if the run had begun."""
        if self.scheduler.execution_id is None and not as_json:
            click.echo("stopped before it began: nothing ran", err=True)
        else:
            self.show(as_json)

    def show(self, as_json: bool) -> None:
        seconds = time.monotonic() - self.started
        counts = self.scheduler.progress().counts
        if as_json:
            _output.emit_json(
                {
                    "execution": self.scheduler.execution_id,
                    "task": self.task,
                    "status": self.status,
                    "seconds": round(seconds, 6),
                    "jobs": totals(counts),
                    "tasks": {name: dict(by_status) for name, by_status in sorted(counts.items())},
                    "result": self.result,
                    "error": self.error,
                }
            )
            return
        click.echo(status_table(counts))
        run = f"run {self.scheduler.execution_id}" if self.scheduler.execution_id else "run, not recorded,"
        click.echo(f"\n{run} {self.status} in {_output.duration(seconds)}")
        if self.result is not None:
            click.echo(f"result: {self.result}")
