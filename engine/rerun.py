"""Calling a task again with the arguments that were recorded: those of a job, or of a run's root job."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import UsageError
from headwater.cypher.project import Project
from headwater.cypher.records import project_in
from headwater.engine.errors import Undecodable
from headwater.engine.handle import Handle, with_handles
from headwater.engine.job import Stored
from headwater.engine.recorder import read_stored
from headwater.engine.values import ValueStore

if TYPE_CHECKING:
    import inspect

    from headwater.cypher.store import GraphStore


@dataclass(frozen=True)
class RecordedCall:
    """What a job called.

    Attributes:
        job: its id.
        task: the task's full name.
        arguments: (parameter's name, position or None where it was passed by keyword, the value as it is recorded);
            those of `*parameters` share a name, those of `**parameters` have their own.
    """

    job: str
    task: str
    arguments: Sequence[tuple[str, int | None, Stored]] = field(default=(), repr=False)


def recorded_call(store: GraphStore, job: str) -> RecordedCall:
    """The call that a job made.

    Raises:
        UsageError: there is no such job, it ended (or has not ended) without its arguments being recorded, or it is of
            another project's task.
    """
    rows = store.rows("rerun_job", id=job)
    if not rows:
        raise UsageError(f"the graph has no job {job}")
    task, options, status, made, *_ = rows[0]
    project = project_in(options)
    if project is not None:
        raise UsageError(
            f"job {job} called {task} of the project {project}, which this one called by an entry point. Run the job "
            f"above it again, a headwater.federated_task: hw log {job[:8]}"
        )
    if not made:
        raise UsageError(
            f"the arguments of job {job} ({task}) are not recorded: it is {status}. Only calls that came to an "
            "end have theirs. Try the job that called it: hw log " + job[:8]
        )
    arguments = [
        (name, position, Stored(type_, codec, None if payload is None else bytes(payload), location))
        for _, _, _, _, name, position, type_, codec, payload, location in rows
        if name is not None
    ]
    return RecordedCall(job, task, sorted(arguments, key=lambda a: (a[1] is None, a[1] or 0, a[0])))


def decode(
    call: RecordedCall, signature: inspect.Signature, project: Project, *, without: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The recorded arguments as values.

    Args:
        signature: of the task as it is now.
        without: parameters whose recorded argument is not wanted.

    Returns:
        Parameter to value (those of `*parameters` as a tuple), and the arguments of `**parameters`.

    Raises:
        UsageError: an argument cannot be turned back into a value, or the task has no such parameter any more.
    """
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    parameters = signature.parameters
    variadic = {p.name for p in parameters.values() if p.kind is p.VAR_POSITIONAL}
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    named = {p.name for p in parameters.values() if p.kind is not p.VAR_KEYWORD}
    by_place = {p.name for p in parameters.values() if p.kind in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY)}
    store = ValueStore(project.values_address())
    for recorded_name, position, stored in call.arguments:
        # Those of `*values` are recorded as `values[0]`, `values[1]`, in order (`signature.Plan.bind`).
        base = recorded_name.partition("[")[0]
        name = base if base in variadic and position is not None else recorded_name
        # One of `**parameters` may have the name of a parameter that is given by its place alone.
        is_extra = takes_any and position is None and name in by_place
        if name in without and not is_extra:
            continue
        if name not in named and not takes_any:
            raise UsageError(
                f"job {call.job} gave {call.task} an argument {name!r}, and it has no such parameter any more. "
                f"It takes: {', '.join(parameters) or 'none'}"
            )
        try:
            value = with_handles(read_stored(stored, store), Handle.taken_again)
        except Undecodable as error:
            flag = "--" + name.lstrip("_").replace("_", "-")
            raise UsageError(
                f"the argument {name!r} of job {call.job} ({call.task}), a {stored.type}, cannot be read back: "
                f"{error}. Give it anew: {flag} …"
            ) from error
        if is_extra or name not in named:
            extra[name] = value
        elif name in variadic:
            values[name] = (*values.get(name, ()), value)
        else:
            values[name] = value
    return values, extra
