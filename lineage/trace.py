"""Where something came from: the calls and files behind an execution, a job, a call, a value or a file.

A call's result comes from its task's code, from the children whose results became its own (or from its own body), and
from its arguments. An argument comes from the calls that fed it inside the parent; what the parent's body put there,
beside that or alone, came from whatever the parent was given itself, so the parent's own arguments are followed, up to
the root of the run. A file that nobody handed in was put there by the calls that returned it earlier, in whatever run:
they are followed too, joined by the file's hash.

A call may sit in many parents, and each parent feeds it in its own way. The walk goes *up* only from where it started,
along the parents of the job that really ran. What it enters from above (a child of a call whose result counts) it
never leaves upwards: there, arguments that no call fed end at the call that was entered, whose own arguments are
followed in their place. So one parent's data never shows up in the lineage of another.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from headwater.cypher.errors import UsageError
from headwater.cypher.garbage import few_collections
from headwater.lineage.resolve import versions_meant
from headwater.lineage.trace_facts import FileFact, GraphFacts, value_makers
from headwater.lineage.trace_views import Author, Trace
from headwater.lineage.trace_walk import Walk

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.resolve import Found

_MAKERS = 20
"""calls that made equal values which a trace follows"""


def call_of_task(store: GraphStore, found: Found, what: str) -> Found:
    """For `task:NAME`, the last call of the task.

    Args:
        found: what `what` was resolved to.
    """
    from headwater.lineage.resolve import TASK, Found

    call = newest_call(store, found) if what.startswith(TASK) else None
    return found if call is None else Found("call", call, found.label)


@few_collections()
def trace(
    store: GraphStore, found: Found, *, depth: int | None = None, since: datetime | None = None
) -> Trace:
    """Everything that something in the graph came from.

    Args:
        found: what `headwater.lineage.resolve.resolve` gave.
        depth: how many steps back to go; None for all.
        since: go no further back than calls that were recorded before.

    Raises:
        UsageError: it is a task, or a run or job that never came to a result.
    """
    walk = Walk(GraphFacts(store))
    if found.kind == "task":
        raise UsageError(
            f"{found.label} is a task, and a task comes from no data. Give one of its calls: hw log {found.id[:12]}"
        )
    if found.kind in ("execution", "job"):
        rows = store.rows(f"trace_{found.kind}", id=found.id)
        if not rows or rows[0][1] is None:
            raise UsageError(
                f"the {'run' if found.kind == 'execution' else found.kind} {found.id} came to no result, so there is "
                f"nothing to trace. What became of it: hw log {found.id[:13]}"
            )
        walk.start_at_jobs([rows[0]])
    elif found.kind == "file":
        walk.start_at_files([FileFact(*store.rows("trace_file", file=found.id)[0])])
    else:
        calls, more = ([found.id], 0) if found.kind == "call" else value_makers(store, found.id, _MAKERS)
        walk.start_at_calls(calls)
        walk.more_makers = more
    walk.run(depth, since)
    return walk.answer(found.kind, found.id)


def newest_call(store: GraphStore, task: Found) -> str | None:
    """The hash of the call of a task, in whatever version, that was recorded last."""
    rows = store.rows("trace_task_call", task=task.label, versions=versions_meant(store, task))
    return rows[0][0] if rows else None


def people(store: GraphStore, traced: Trace) -> list[Author]:
    """Who ran the calls of a trace first, by name."""
    facts = GraphFacts(store)
    jobs = facts.jobs({call.call for call in traced.calls.values()})
    calls: dict[str, int] = {}
    runs: dict[str, set[str]] = {}
    for _, user, run in facts.rows("trace_people", jobs.values()):
        calls[user] = calls.get(user, 0) + 1
        runs.setdefault(user, set()).add(run)
    return [Author(user, calls[user], tuple(sorted(runs[user]))) for user in sorted(calls)]
