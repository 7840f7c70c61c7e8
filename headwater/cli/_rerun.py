"""`hw run FILE --rerun ID`: the call that a run or a job made, with other arguments where they are given."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.cli._flags import Flag, Words
    from headwater.cli._workflow import AnyTask
    from headwater.cypher.store import GraphStore
    from headwater.engine.rerun import RecordedCall

ROOT = "headwater.root_task"
"""What a run's root job calls where a script ran more than one call: it takes the whole expression."""


class Rerun(NamedTuple):
    """A recorded call that is to be made again.

    Attributes:
        task, flags: the task as it is now, and its parameters.
        words: what was given on the command line.
        args, kwargs: the arguments, given ones in the places of recorded ones.
    """

    task: AnyTask
    flags: Sequence[Flag]
    words: Words
    args: list[Any]
    kwargs: dict[str, Any]


def rerun(what: str, words: Sequence[str], own: Mapping[str, bool], module: ModuleType, file: str) -> Rerun:
    """The call to make again.

    Args:
        what: the beginning of the id of a run or a job, or - for the last run.
        words: parameters of the task to be given anew, and options of `hw run`.
        own: `hw run`'s flags, and whether each takes a value.

    Raises:
        UsageError: there is no such run or job; its task is not in the workflow; an argument cannot be read back.
    """
    from headwater.cli import _flags, _workflow
    from headwater.cli._reading import reading, the_project
    from headwater.engine.rerun import decode, recorded_call
    from headwater.engine.root import root_task

    project = the_project()
    with reading(raise_damage=False) as store:
        call = recorded_call(store, _job(store, what))
    task: AnyTask = root_task if call.task == ROOT else _workflow.find_task(module, call.task, file)
    flags = _flags.flags_of(task.func, _with_given(task.plan.signature, call))
    found = _flags.read_words(words, flags, own, task=task.fullname)
    recorded, extra = decode(call, task.plan.signature, project, without=found.values)
    args, kwargs = _flags.bind({**recorded, **found.values}, flags, task=task.fullname)
    return Rerun(task, flags, found, args, {**kwargs, **extra})


def _with_given(signature: inspect.Signature, call: RecordedCall) -> inspect.Signature:
    """A signature that has every argument recorded for `**parameters` as a parameter, of the type that it had."""
    parameters = list(signature.parameters.values())
    any_name = next((p for p in parameters if p.kind is p.VAR_KEYWORD), None)
    if any_name is None:
        return signature
    known = {parameter.name for parameter in parameters}
    types = {kind.__name__: kind for kind in (bool, int, float)}
    given = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=types.get(stored.type, str),
        )
        for name, position, stored in call.arguments
        if position is None and name not in known
    ]
    return signature.replace(parameters=[*(p for p in parameters if p is not any_name), *given])


def _job(store: GraphStore, what: str) -> str:
    from headwater.cli._reading import find
    from headwater.lineage import log

    found = find(store, what)
    if found.kind == "job":
        return found.id
    if found.kind != "execution":
        raise UsageError(f"{what} is a {found.kind}. Runs and jobs can be run again: hw log")
    view = log.execution(store, found.id, limit=0)
    if view is None or view.execution.job is None:
        raise UsageError(f"run {found.id} has no job: it ended before it began")
    return view.execution.job
