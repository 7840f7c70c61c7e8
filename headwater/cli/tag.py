"""`hw tag add|update|rm|list`: what people say of runs, jobs, calls, values, files and tasks, kept for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cli._times import as_of_option

if TYPE_CHECKING:
    from headwater.cypher.records import ChangeMade
    from headwater.lineage.resolve import Found
    from headwater.lineage.tags import Name, Tag

Edit = Callable[..., "ChangeMade"]


@click.group()
def command() -> None:
    """Mark runs, jobs, calls, values, files and tasks with KEY=VALUE.

    WHAT is the beginning of an id or hash of any kind, a file's path, task:NAME, or - for the last run. Nothing is
    overwritten: each change is recorded with its time and its user, and `hw tag list WHAT --history` shows them all.
    """


@command.command()
@click.argument("what")
@click.argument("tags", nargs=-1, required=True, metavar="KEY=VALUE...")
def add(what: str, tags: tuple[str, ...]) -> None:
    """Add tags. A key may have several values."""
    from headwater.lineage import tags as lineage

    _edit(what, [lineage.read_name(text) for text in tags], lineage.add)


@command.command()
@click.argument("what")
@click.argument("tags", nargs=-1, required=True, metavar="KEY=VALUE...")
def update(what: str, tags: tuple[str, ...]) -> None:
    """Give keys these values in place of all that they have."""
    from headwater.lineage import tags as lineage

    _edit(what, [lineage.read_name(text) for text in tags], lineage.update)


@command.command()
@click.argument("what")
@click.argument("tags", nargs=-1, required=True, metavar="KEY[=VALUE]...")
def rm(what: str, tags: tuple[str, ...]) -> None:
    """Take tags away: one value of a key, or all of them."""
    from headwater.lineage import tags as lineage

    _edit(what, [lineage.read_name(text, needs_value=False) for text in tags], lineage.remove)


@command.command("list")
@click.argument("what", required=False)
@click.option("--tag", metavar="KEY[=VALUE]", help="Only those of this name.")
@click.option("--history", is_flag=True, help="Also what was taken away.")
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def list_(what: str | None, tag: str | None, *, history: bool, as_of: str | None, as_json: bool) -> None:
    """List the tags of WHAT, or of everything that has any."""
    from headwater.cli import _output
    from headwater.cli._reading import find, reading
    from headwater.lineage import tags as lineage
    from headwater.lineage.log_views import to_json

    name = None if tag is None else lineage.read_name(tag, needs_value=False)
    with reading(as_of=as_of) as store:
        if what is None:
            known = lineage.tags_named(store, name)
        else:
            known = lineage.tags_of(store, [find(store, what).id])
            known = [one for one in known if name is None or name.covers(one)]
    known = [one for one in known if history or one.is_current]
    if as_json:
        _output.emit_json({"tags": to_json(known)})
    elif known:
        show([_table(known, history=history)])
    else:
        click.echo("no tags", err=True)


def _edit(what: str, names: Sequence[Name], edit: Edit) -> None:
    """Make a change, write it down, and have it in the graph."""
    from headwater.cli._changes import new_change, write
    from headwater.cli._reading import find, reading, the_project
    from headwater.lineage import tags as lineage

    with reading() as store:
        found = find(store, what)
        known = lineage.tags_of(store, [found.id])
    change = edit(new_change(the_project()), found, known, names)
    if lineage.is_empty(change):
        click.echo(f"nothing to change: {_named(found)} is tagged so already", err=True)
        return
    write(the_project(), change)
    for line in _told(change, found, known):
        click.echo(line)


def _told(change: ChangeMade, found: Found, known: Sequence[Tag]) -> list[str]:
    from headwater.cli import _output

    ended = {id_.hex() for id_ in change.ended}
    gone = [tag.text for tag in known if tag.id in ended]
    gone += [f"{tag.key}={tag.value}" for tag in change.tags if tag.given]
    new = [f"{tag.key}={tag.value}" for tag in change.tags if not tag.given]
    return [
        _output.one_line(f"{_named(found)}: {text}")
        for text in (*(f"- {one}" for one in gone), *(f"+ {one}" for one in new))
    ]


def _named(found: Found) -> str:
    from headwater.cli import _output

    return f"{found.kind} {found.id[:13]} ({_output.cut(found.label, 60)})"


def _table(tags: Sequence[Tag], *, history: bool) -> str:
    from headwater.cli import _output

    columns = ["on", "id", "tag", "since", "by", *(["until", "by"] if history else [])]
    rows: list[list[Any]] = []
    for tag in tags:
        row = [tag.kind, tag.target[:13], tag.text, _output.local_time(tag.at), tag.user]
        rows.append([*row, *([_output.local_time(tag.ended), tag.ended_by] if history else [])])
    return _output.table(columns, rows)
