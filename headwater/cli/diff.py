"""`hw diff A B`: where two runs, jobs, calls, versions of a task, values or files differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cli._times import as_of_option

if TYPE_CHECKING:
    from headwater.lineage.diff_views import CallChange, Diff, Side


@click.command()
@click.argument("a")
@click.argument("b")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Calls that differ to print; JSON has all.",
)
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def command(a: str, b: str, limit: int, as_of: str | None, as_json: bool) -> int:
    """Show where two runs, calls, tasks, values or files differ.

    A and B are the beginnings of ids or hashes, - for the last run and ~1 for the one before, tasks' names or files'
    paths. The calls of two runs are matched by their place in the tree and by their tasks' names; what is equal in
    both is not taken apart. Exits with 1 where they differ.
    """
    from headwater.cli import _output
    from headwater.cli._reading import find, reading
    from headwater.lineage.diff import diff

    with reading(as_of=as_of) as store:
        answer = diff(store, find(store, a), find(store, b))
    if as_json:
        _output.emit_json(answer.to_dict())
    else:
        show(_lines(answer, limit))
    return 1 if answer else 0


def _lines(answer: Diff, limit: int) -> Iterator[str]:
    from headwater.cli import _output, _why_text

    yield f"a  {_side(answer.before)}"
    yield f"b  {_side(answer.after)}"
    if answer.unfinished:
        which = "a and b" if len(answer.unfinished) == 2 else answer.unfinished[0]
        yield f"{which} came to no result: compared as far as it is recorded"
    if not answer:
        yield "no difference"
        return
    if answer.facts:
        yield ""
        rows = [(fact.name.replace("_", " "), _text(fact.before), _text(fact.after)) for fact in answer.facts]
        yield _output.table(["", "a", "b"], rows)
    for change in answer.code:
        names = dict.fromkeys((change.task_before, change.task_after))
        yield "\n" + _output.one_line(" → ".join(names))
        yield from _why_text.code(change, "  ")
    if answer.value is not None:
        yield ""
        yield from _why_text.value_change(answer.value, "")
    if answer.calls:
        yield f"\ncalls that differ: {len(answer.calls):,}; equal, with all below them: {answer.equal_calls:,}"
        for call in answer.calls[:limit]:
            yield from _call(call)
        if len(answer.calls) > limit:
            yield f"… and {len(answer.calls) - limit:,} more; --limit N shows more"


def _side(side: Side) -> str:
    from headwater.cli import _output, _views

    id_ = side.id if side.kind == "execution" else side.id[: _views.ID]
    return _output.one_line(f"{side.kind} {id_}  {side.label}")


def _call(change: CallChange) -> Iterator[str]:
    from headwater.cli import _output, _why_text

    if change.change == "unfinished":
        yield _output.one_line(f"  {change.path}: {_unfinished(change)}")
        return
    if change.change != "changed":
        yield _output.one_line(f"  {change.path}: {'only in b' if change.change == 'added' else 'only in a'}")
        return
    parts = [
        ("code", change.code),
        ("arguments", change.arguments),
        ("result", change.result),
        ("below", change.below),
    ]
    what = ", ".join(name for name, differs in parts if differs) or "met above"
    yield _output.one_line(f"  {change.path}: {what}")
    for value in (*change.arguments, *([change.result] if change.result else [])):
        yield from _why_text.value_change(value, "    ")


def _unfinished(change: CallChange) -> str:
    """How two jobs without results differ."""
    called = "" if change.called_alike else f"{'code' if change.code else 'arguments'}, "
    return called + " → ".join(change.ended or ()) + ", so that there is no result to compare"


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
