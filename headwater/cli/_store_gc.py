"""`hw store gc`: take away from the value store what nothing refers to."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

import click

from headwater.cli._times import Moment

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.engine.garbage import Garbage

_WORDS = {
    "value": "bytes of no value",
    "partial": "unfinished writes",
    "damaged": "damaged, put aside",
    "aside": "out of use for hours",
}


@click.command()
@click.option("--dry-run", is_flag=True, help="Delete nothing; say what would be.")
@click.option(
    "--older-than",
    type=Moment(),
    default="1d",
    show_default=True,
    metavar="TIME",
    help="Leave alone what was put since, like 3d (ago) or 2013-01-31.",
)
@click.option("--alone", is_flag=True, help="No other project keeps values at this URL or folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
def gc(dry_run: bool, older_than: datetime, alone: bool, as_json: bool) -> None:
    """Delete from the value store what nothing refers to.

    That is bytes that no value in the graph and no journal names, writes that did not come to their end, and
    damaged bytes that were put aside. What runs under way have put is safe. Several may do this at once. At a URL,
    bytes of no value are first set aside, and deleted by a later gc, two hours after. What killed runs left beside
    the files that they wrote is removed, too, and so are the logs that hw launch left of commands that have ended.
    """
    age = time.time() - older_than.timestamp()
    from headwater.cli import _output
    from headwater.cli._reading import reading, the_project
    from headwater.cli.launch import old_logs
    from headwater.engine.garbage import delete_garbage, find_garbage
    from headwater.engine.left_behind import tidy_up
    from headwater.engine.values import ValueStore

    project = the_project()
    _check(project, age, may_delete=dry_run or alone)
    values = ValueStore(project.values_address())
    left_behind, logs = 0, old_logs(project, older_than.timestamp())
    log_sizes = len(logs), sum(logs.values())
    with reading() as store:
        try:
            garbage = find_garbage(project, store, values, age)
            if not dry_run:
                delete_garbage(garbage, values)
                left_behind = tidy_up()
                for log in logs:
                    log.unlink(missing_ok=True)
        except OSError as error:
            from headwater.cypher.errors import StoreError

            raise StoreError(f"the value store {values.address}: {error}") from error
        if as_json:
            _output.emit_json({**_json(garbage, dry_run=dry_run), "launch_logs": _pair(log_sizes)})
        else:
            _print(garbage, log_sizes, dry_run=dry_run)
    if left_behind:
        click.echo(
            f"note: {_counted((left_behind, 0))} that killed runs had left elsewhere removed or put back",
            err=True,
        )


def _check(project: Project, age: float, *, may_delete: bool) -> None:
    """Refuse what could delete somebody's values."""
    from headwater.cypher.errors import UsageError
    from headwater.engine.garbage import SHORTEST

    address = project.values_address()
    if age < 0:
        raise UsageError("--older-than lies in the future")
    if "://" in address and age < SHORTEST:
        raise UsageError(
            f"--older-than: at a URL, what was put in the last {SHORTEST / 3600:g} hours is left alone"
        )
    if not may_delete and address != str(project.values):
        raise UsageError(
            f"{address} is not in this project's folder. Another project may keep values there, which nothing here "
            "refers to. If none does, type: hw store gc --alone (and --dry-run shows what would go)"
        )


def _json(garbage: Garbage, *, dry_run: bool) -> dict[str, object]:
    from headwater.engine.garbage import KINDS

    return {
        "address": garbage.address,
        "dry_run": dry_run,
        "older_than": round(garbage.age),
        "running": garbage.running,
        "unused": {kind: _pair(garbage.count(kind)) for kind in KINDS},
        "young": _pair(garbage.young),
        "kept": _pair(garbage.kept),
        "deleted": _pair(garbage.deleted),
        "set_aside": _pair(garbage.set_aside),
        "restored": len(garbage.lost),
        "unfinished": garbage.unfinished,
        "damaged_journals": garbage.damaged,
    }


def _pair(count: tuple[int, int]) -> dict[str, int]:
    return dict(zip(("files", "bytes"), count, strict=True))


def _print(garbage: Garbage, logs: tuple[int, int], *, dry_run: bool) -> None:
    from headwater.cli import _output

    click.echo(garbage.address)
    rows = [
        *((_WORDS[kind], *garbage.count(kind)) for kind in _WORDS),
        ("too young to tell", *garbage.young),
        ("in use", *garbage.kept),
    ]
    shown = [(name, files, _output.size(size)) for name, files, size in rows]
    click.echo(_output.table(["", "files", "size"], shown, right=["files", "size"]))
    for name in garbage.damaged:
        click.echo(
            f"note: the journal {_output.one_line(name)} is damaged; what was put since it began is left alone",
            err=True,
        )
    if logs[0]:
        said = "would be" if dry_run else "were"
        click.echo(
            f"note: {_counted(logs)} of hw launch, {_output.size(logs[1])}, {said} deleted, too", err=True
        )
    if dry_run:
        click.echo("\nnothing was deleted (--dry-run)")
    else:
        click.echo(f"\n{_counted(garbage.deleted)} deleted, {_output.size(garbage.deleted[1])}")
        if garbage.set_aside[0]:
            size = _output.size(garbage.set_aside[1])
            click.echo(
                f"{_counted(garbage.set_aside)} set aside, {size}: hw store gc deletes them in two hours"
            )
        if garbage.lost:
            click.echo(f"{_counted((len(garbage.lost), 0))} put back: a run needs them after all")
        if garbage.unfinished:
            click.echo("note: it took too long to be sure of the rest. Type it again.", err=True)


def _counted(count: tuple[int, int]) -> str:
    return f"{count[0]} file{'s' * (count[0] != 1)}"
