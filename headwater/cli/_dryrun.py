"""`hw run --dryrun`: what would run first, and why; nothing is run and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from headwater.cli import _output
from headwater.cli._outcome import RESULT_CHARACTERS

if TYPE_CHECKING:
    from headwater.cli._running import Options
    from headwater.engine.dryrun import PlannedCall
    from headwater.engine.scheduler import Scheduler

LISTED = 50
ARGUMENTS = 60


def dry_run(task: str, expression: Any, scheduler: Scheduler, options: Options) -> int:
    """Follow what is recorded; the exit code is 1 where something would run.

    Raises:
        StoreError: the graph cannot be asked.
    """
    from headwater.engine.dryrun import DryRunResult
    from headwater.engine.values import preview

    calls: list[PlannedCall] = []
    result: str | None = None
    try:
        value = scheduler.run(
            expression,
            cache=not options.no_cache,
            prov=not options.no_prov,
            context=options.context,
            dryrun=True,
        )
        result = preview(value, RESULT_CHARACTERS)
    except DryRunResult as found:
        calls = found.calls
    if options.as_json:
        _output.emit_json({"task": task, "would_run": [_as_json(call) for call in calls], "result": result})
    elif calls:
        for line in _lines(calls):
            click.echo(line)
    else:
        click.echo(f"nothing would run\nresult: {result}")
    return 1 if calls else 0


def _as_json(call: PlannedCall) -> dict[str, Any]:
    return {
        "task": call.task,
        "arguments": call.arguments,
        "reason": call.why.reason.value,
        "detail": call.why.detail,
    }


def _lines(calls: list[PlannedCall]) -> Iterator[str]:
    rows = [(call.task, _output.cut(_arguments(call), ARGUMENTS), call.why) for call in calls[:LISTED]]
    yield _output.table(["would run first", "arguments", "why"], rows)
    if len(calls) > LISTED:
        yield f"… and {len(calls) - LISTED} more; --json lists all"
    yield f"\n{len(calls)} call{'s' * (len(calls) != 1)}, and what depends on {'them' if len(calls) != 1 else 'it'}"


def _arguments(call: PlannedCall) -> str:
    return ", ".join(f"{name}={text}" for name, text in call.arguments.items())
