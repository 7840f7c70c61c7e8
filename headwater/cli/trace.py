"""`hw trace WHAT`: the calls and files that something came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cli._times import Moment, as_of_option

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.trace_datasets import TracedDataset
    from headwater.lineage.trace_handles import TracedHandle
    from headwater.lineage.trace_views import Trace

FORMS = ("json", "dot", "mermaid", "svg", "derivation")
DRAWN = ("dot", "mermaid", "svg")
ORIGINS = ("files", "code", "people")
_ROLLED_BACK = {True: "rolled back", False: "", None: "not known of then"}


@click.command()
@click.argument("what")
@click.option(
    "--depth", type=click.IntRange(min=0), metavar="N", help="Go back N steps at most; default: all."
)
@click.option("--since", type=Moment(), help="Go no further back than calls recorded before: 2013-01-31, 3d.")
@click.option("--files", is_flag=True, help="Show only the files from outside.")
@click.option("--code", is_flag=True, help="Show only the versions of tasks that had a part in it.")
@click.option("--people", is_flag=True, help="Show only who ran the calls, each where it ran first.")
@click.option("--derivation", is_flag=True, help="Print value <-- call <-- call, a line a value.")
@as_of_option
@click.option("--json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@click.option("--dot", is_flag=True, help="Print a graph in Graphviz' language.")
@click.option("--mermaid", is_flag=True, help="Print a Mermaid flowchart.")
@click.option("--svg", is_flag=True, help="Print a picture, for a browser.")
@no_pager_option
def command(what: str, depth: int | None, since: datetime | None, as_of: str | None, **flags: bool) -> None:
    """Show everything a result came from.

    WHAT is the beginning of the id or hash of a run, job, call, value or file, a file's path, task:NAME for the last
    call of a task, or - for the last run. The tree begins at the call that made it; under each call stand those that
    its result and its arguments came from. A call or file that was shown before is not taken apart again.
    """
    from headwater.cli import _derivation, _output
    from headwater.cli._changes import record_datasets
    from headwater.cli._reading import find_now, reading, the_project
    from headwater.lineage.trace import call_of_task, trace
    from headwater.lineage.trace_datasets import traced_datasets
    from headwater.lineage.trace_handles import traced_handles

    forms = [name for name in FORMS if flags[name]]
    kinds = [name for name in ORIGINS if flags[name]]
    if len(forms) > 1 or (kinds and forms not in ([], ["json"])):
        context = click.get_current_context()
        clash = [f"--{name}" for name in (*forms, *kinds)]
        raise click.UsageError(f"{' and '.join(clash)} exclude each other", context)
    with reading(as_of=as_of) as store:
        if as_of is None:
            record_datasets(the_project(), store)
        found, now = find_now(store, what)
        answer = trace(store, call_of_task(store, found, what), depth=depth, since=since)
        if kinds:
            only = {"kind": answer.kind, "id": answer.id, "now": now, **_origins(store, answer, kinds)}
            if forms:
                _output.emit_json(only)
            else:
                show(_listed(only, kinds))
        elif flags["json"]:
            datasets = [one.to_dict() for one in traced_datasets(store, answer)]
            handles = [one.to_dict() for one in traced_handles(store, answer)]
            _output.emit_json({**answer.to_dict(), "now": now, "datasets": datasets, "handles": handles})
        elif forms and forms[0] in DRAWN:
            click.echo(_drawn(answer, forms[0]))
        elif flags["derivation"]:
            show(_derivation.derivation(answer))
        else:
            show(_text(store, answer))


def _text(store: GraphStore, answer: Trace) -> Iterator[str]:
    from headwater.cli import _tree
    from headwater.lineage.trace_datasets import traced_datasets
    from headwater.lineage.trace_handles import traced_handles

    yield from _tree.tree(answer)
    yield from _datasets(traced_datasets(store, answer))
    yield from _handles(traced_handles(store, answer))


def _drawn(answer: Trace, form: str) -> str:
    if form == "svg":
        from headwater.lineage.trace_svg import svg

        return svg(answer)
    from headwater.lineage import trace_drawings

    return trace_drawings.dot(answer) if form == "dot" else trace_drawings.mermaid(answer)


def _datasets(found: Sequence[TracedDataset]) -> Iterator[str]:
    from headwater.cli import _output

    if found:
        rows = [
            (
                one.dataset.name,
                one.sensitivity
                + ("" if one.sensitivity == one.dataset.sensitivity else f" (was {one.dataset.sensitivity})"),
                one.dataset.licence,
                len(one.files),
                one.dataset.origin,
            )
            for one in found
        ]
        yield "\ndatasets"
        columns = ["dataset", "sensitivity", "licence", "files", "origin"]
        yield _output.table(columns, rows, right=["files"], indent="  ")


def _handles(found: Sequence[TracedHandle]) -> Iterator[str]:
    from headwater.cli import _output, _views

    if found:
        rows = [
            (
                one.state[: _views.ID],
                one.name,
                one.task,
                ", ".join(state[: _views.ID] for state in one.came_from),
                _ROLLED_BACK[one.stale],
            )
            for one in found
        ]
        yield "\nstates of handles"
        yield _output.table(["state", "handle", "given by", "came from", ""], rows, indent="  ")


def _origins(store: GraphStore, answer: Trace, kinds: list[str]) -> dict[str, Any]:
    from headwater.lineage.log_views import to_json
    from headwater.lineage.trace import people

    only: dict[str, Any] = {}
    if "files" in kinds:
        only["files"] = to_json(answer.sources())
    if "code" in kinds:
        only["code"] = [{"task": name, "task_hash": digest} for name, digest in answer.tasks()]
    if "people" in kinds:
        only["people"] = to_json(people(store, answer))
    return only


def _listed(only: dict[str, Any], kinds: list[str]) -> Iterator[str]:
    from headwater.cli import _output, _views

    for place, kind in enumerate(kinds):
        if place:
            yield ""
        if not only[kind]:
            yield f"no {kind}"
        elif kind == "files":
            rows = [
                (
                    one["file"][: _views.ID],
                    one["evidence"],
                    one["digest"],
                    _output.size(one["size"]),
                    one["path"],
                )
                for one in only[kind]
            ]
            yield _output.table(["file", "evidence", "digest", "size", "path"], rows)
        elif kind == "code":
            tasks = [((one["task_hash"] or "")[: _views.ID], one["task"]) for one in only[kind]]
            yield _output.table(["task hash", "task"], tasks)
        else:
            people = [(one["calls"], len(one["runs"]), one["user"]) for one in only[kind]]
            yield _output.table(["calls", "runs", "user"], people, right=["calls", "runs"])
