"""`hw query "CYPHER"`: ask the graph, read-only."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cli._times import as_of_option
from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.cypher.answers import Graph, Plan


@click.command()
@click.argument("cypher", required=False)
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="Value of $NAME: JSON, or else text.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "graph"]),
    default="table",
    show_default=True,
    help="graph: JSON of the nodes and edges in the answer.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.001), default=60.0, show_default=True, metavar="SECONDS"
)
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="Rows at most.")
@as_of_option
@click.option("--explain", is_flag=True, help="Show how the store would run it; do not run it.")
@click.option("--list", "listing", is_flag=True, help="List the queries that have names.")
@no_pager_option
def command(
    cypher: str | None,
    *,
    param: tuple[str, ...],
    form: str,
    as_json: bool,
    timeout: float,
    limit: int,
    as_of: str | None,
    explain: bool,
    listing: bool,
) -> None:
    """Ask the graph in Cypher, read-only.

    CYPHER is a query, - to read it from standard input, or the name of one: of the project's own,
    .headwater/queries/NAME.cypher, or of those that come with headwater. What writes, loads from outside or
    administers is refused before it is sent. The graph's labels, properties and edges are in docs/reference/graph.md.
    $as_of is the time of --as-of, or null.
    """
    from headwater.cli import _named, _output
    from headwater.cli._reading import reading, the_project

    if listing:
        _list(as_json or form == "json")
        return
    if cypher is None:
        raise click.UsageError("Missing argument 'CYPHER'.", click.get_current_context())
    text = sys.stdin.read() if cypher == "-" else cypher
    if _named.is_name(text.strip()):
        text = _named.load(the_project(), text.strip())
    if not text.strip():
        raise UsageError("the query is empty. How the graph is built: docs/reference/graph.md")
    values = _parameters(param)
    if as_of is not None:
        _check_past(text, values)
    as_json = as_json or form == "json"
    if explain:
        with reading(as_of=as_of) as store:
            _show_plan(store.explain(text, values, timeout=timeout), as_json=as_json)
        return
    if form == "graph":
        with reading(as_of=as_of) as store:
            drawn = store.ask_graph(text, values, timeout=timeout, limit=limit)
        _output.emit_json(_plain_graph(drawn))
        _say_truncated(drawn.truncated, limit)
        return
    with reading(as_of=as_of) as store:
        found = store.ask(text, values, timeout=timeout, limit=limit)
    rows = [list(row) for row in found.rows]
    if as_json:
        _output.emit_json({"columns": list(found.columns), "rows": rows, "truncated": found.truncated})
    elif form == "csv":
        click.echo(_csv(list(found.columns), rows), nl=False)
    else:
        show([_output.table(list(found.columns), [[_shown(cell) for cell in row] for row in rows])])
        click.echo(f"({len(rows)} row{'' if len(rows) == 1 else 's'})", err=True)
    _say_truncated(found.truncated, limit)


def _check_past(text: str, values: dict[str, Any]) -> None:
    """Only a query that asks for the moment answers as of then."""
    from headwater.cypher.tokens import Unreadable, parameters, tokenize

    if "as_of" in values:
        raise UsageError("--param as_of: with --as-of, $as_of is its time. Give one of the two")
    try:
        asks = any(token.text == "as_of" for token in parameters(tokenize(text)))
    except Unreadable:
        return  # the store refuses it, and says why
    if not asks:
        raise UsageError(
            "the query would answer as of now: it does not ask for $as_of, the time of --as-of. Have it leave out what "
            "is later (WHERE $as_of IS NULL OR e.started <= $as_of), or ask without --as-of"
        )


def _say_truncated(truncated: bool, limit: int) -> None:
    if truncated:
        click.echo(f"only the first {limit} rows are shown; ask for more with --limit", err=True)


def _plain_graph(drawn: Graph) -> dict[str, Any]:
    nodes = [{"id": one.id, "labels": list(one.labels), "properties": one.properties} for one in drawn.nodes]
    edges = [
        {
            "id": one.id,
            "source": one.source,
            "target": one.target,
            "type": one.type,
            "properties": one.properties,
        }
        for one in drawn.edges
    ]
    return {"nodes": nodes, "edges": edges, "truncated": drawn.truncated}


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    from dataclasses import asdict

    from headwater.cli import _output

    if as_json:
        _output.emit_json({"plan": asdict(plan)})
    else:
        show(_steps(plan))


def _steps(plan: Plan) -> Iterator[str]:
    from headwater.cli import _output

    todo = [(plan, 0)]
    while todo:
        step, depth = todo.pop()
        rows = "" if step.rows is None else f"  (about {step.rows:,.0f} rows)"
        first, *more = step.details.splitlines() or [""]
        yield _output.fitted("  " * depth, _output.one_line(f"{step.operator}  {first}".rstrip()), rows)
        for line in more:
            yield _output.fitted("  " * depth, f"  {_output.one_line(line)}".rstrip())
        todo.extend((each, depth + 1) for each in reversed(step.steps))


def _list(as_json: bool) -> None:
    from headwater.cli import _named, _output
    from headwater.cli._reading import the_project

    project = the_project()
    rows = [
        (name, *_named.about(project, name), "headwater" if _named.is_shipped(project, name) else "project")
        for name in _named.names(project)
    ]
    if as_json:
        keys = ("name", "about", "parameters", "of")
        _output.emit_json({"queries": [dict(zip(keys, row, strict=True)) for row in rows]})
    else:
        show([_output.table(["name", "of", "about"], [(row[0], row[3], row[1]) for row in rows])])


def _parameters(params: tuple[str, ...]) -> dict[str, Any]:
    """`--param name=value`: the value is JSON where it parses as such, text otherwise."""
    values: dict[str, Any] = {}
    for param in params:
        name, equals, text = param.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(
                f"--param {param}: a parameter is NAME=VALUE, like --param limit=10 or --param id=0192ab"
            )
        values[name] = _value(text)
    return values


def _value(text: str) -> Any:
    """JSON, or else text. What only looks like a number is text: 12e45678 is the beginning of a hash, 007 is no 7."""
    try:
        value = json.loads(text)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return text if is_number and json.dumps(value, allow_nan=False) != text else value
    except ValueError:
        return text


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""what a cell begins with that a spreadsheet may calculate"""


def _shown(cell: Any) -> str:
    from headwater.cli import _output

    if cell is None or isinstance(cell, str):
        return cell or ""
    return json.dumps(cell, ensure_ascii=False, default=_output.plain).strip('"')


def _csv(columns: list[str], rows: list[list[Any]]) -> str:
    """One line a row, for programs and spreadsheets: what these would take for a formula has a ' before it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_cell(name) for name in columns])
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _cell(cell: Any) -> str:
    from headwater.cli import _output

    text = _shown(cell)
    is_number = isinstance(cell, (int, float))
    return _output.one_line(f"'{text}" if text.startswith(_FORMULA) and not is_number else text)
