"""`hw dataset list|show`: what is declared of files from outside, and what was declared before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cypher.alike import most_alike
from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.datasets import Dataset

FIELDS = ("sensitivity", "licence", "origin", "collected_by", "purpose", "lawful_basis")


@click.group()
def command() -> None:
    """Show the datasets that are declared in .headwater/datasets.toml and in code.

    What that file says now, and what scripts said when they ran last, is recorded first. A declaration that was
    changed stays in the graph, with the time and the user who changed it.
    """


@command.command("list")
@click.option("--history", is_flag=True, help="Also declarations that do not count any more.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def list_(*, history: bool, as_json: bool) -> None:
    """List the datasets with the number of recorded files in each."""
    from headwater.cli import _output
    from headwater.cli._changes import record_datasets
    from headwater.cli._reading import reading, the_project
    from headwater.lineage.datasets import declarations, files_of

    with reading() as store:
        record_datasets(the_project(), store)
        found = [one for one in declarations(store) if history or one.is_current]
        files = files_of(store, (one.id for one in found))
        if as_json:
            _output.emit_json({"datasets": [_plain(one, files.get(one.id, [])) for one in found]})
        elif found:
            show([_table(found, {one.id: len(files.get(one.id, ())) for one in found}, history=history)])
        else:
            where = the_project().datasets_file
            click.echo(f"no datasets are declared: write [datasets.NAME] into {where}", err=True)


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def show_(name: str, *, as_json: bool) -> None:
    """Show one dataset: what is declared of it, its recorded files, and its earlier declarations."""
    from headwater.cli import _output
    from headwater.cli._changes import record_datasets
    from headwater.cli._reading import reading, the_project
    from headwater.lineage.datasets import declarations, files_of

    with reading() as store:
        record_datasets(the_project(), store)
        known = declarations(store)
        found = [one for one in known if one.name == name]
        if not found:
            near = most_alike(name, {one.name for one in known}, 1)
            hint = f" Did you mean {near[0]}?" if near else " Which there are: hw dataset list"
            raise UsageError(f"no dataset is called {name}.{hint}")
        files = files_of(store, (one.id for one in found))
        if as_json:
            _output.emit_json({"datasets": [_plain(one, files.get(one.id, [])) for one in found]})
        else:
            show(_view(store, found, files))


def _plain(one: Dataset, files: Sequence[str]) -> dict[str, Any]:
    from headwater.lineage.log_views import to_json

    return {**to_json(one), "patterns": list(one.files), "files": list(files)}


def _table(found: Sequence[Dataset], counts: dict[str, int], *, history: bool) -> str:
    from headwater.cli import _output

    columns = ["dataset", "sensitivity", "licence", "files", "origin", *(["until"] if history else [])]
    rows: list[list[Any]] = []
    for one in found:
        row = [one.name, one.sensitivity, one.licence, counts[one.id], one.origin]
        rows.append([*row, *([_output.local_time(one.ended)] if history else [])])
    return _output.table(columns, rows, right=["files"])


def _view(store: GraphStore, found: Sequence[Dataset], files: dict[str, list[str]]) -> Iterator[str]:
    from headwater.cli import _output

    for place, one in enumerate(reversed(found)):
        until = f", until {_output.local_time(one.ended)} by {one.ended_by}" if one.ended else ""
        if place:
            yield ""
        yield _output.one_line(f"dataset {one.name}  since {_output.local_time(one.at)} by {one.user}{until}")
        if one.declared_in:
            yield _output.one_line(f"  declared in   {one.declared_in}")
        for name in FIELDS:
            if getattr(one, name):
                yield _output.one_line(f"  {name.ljust(12)}  {getattr(one, name)}")
        for pattern in one.files:
            yield _output.one_line(f"  {'files'.ljust(12)}  {pattern}")
        rows = [(file[:8], *store.rows("log_file", file=file)[0][1:4]) for file in files.get(one.id, ())[:20]]
        if rows:
            yield _output.table(["file", "path", "evidence", "digest"], rows, indent="  ")
        if len(files.get(one.id, ())) > 20:
            yield f"  … and {len(files[one.id]) - 20} more; --json lists all"
