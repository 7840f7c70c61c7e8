"""`hw run FILE --rerun ID`: the call that a run or a job made, with other arguments where they are given."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.cli._flags import Flag, Words
    from headwater.cli._workflow import AnyTask
    from headwater.cypher.project import Project
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


def rerun(
    what: str, words: Sequence[str], own: Mapping[str, bool], module: types.ModuleType, file: str
) -> Rerun:
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
    flags = _flags.flags_of(task.func, _with_given(task, call, project))
    found = _flags.read_words(words, flags, own, task=task.fullname)
    recorded, extra = decode(call, task.plan.signature, project, without=found.values)
    args, kwargs = _flags.bind({**recorded, **found.values}, flags, task=task.fullname)
    return Rerun(task, flags, found, args, {**kwargs, **extra})


def _with_given(task: AnyTask, call: RecordedCall, project: Project) -> inspect.Signature:
    """A task's signature that has every argument recorded for `**parameters` as a parameter, of the type that these
    are annotated with, or else of that which it had."""
    from headwater.cli._flags import hints_of
    from headwater.engine.errors import Undecodable
    from headwater.engine.recorder import read_stored
    from headwater.engine.values import ValueStore

    signature = task.plan.signature
    parameters = list(signature.parameters.values())
    any_name = next((p for p in parameters if p.kind is p.VAR_KEYWORD), None)
    if any_name is None:
        return signature
    annotation = hints_of(task.func).get(any_name.name, any_name.annotation)
    known = {parameter.name for parameter in parameters}
    store = ValueStore(project.values_address())
    given = []
    for name, position, stored in call.arguments:
        if position is not None or name in known or not name.isidentifier() or iskeyword(name):
            continue  # (What is no name of a parameter is passed on as it was.)
        had: Any = stored.type  # a name is no type: so one that tells too little is refused
        value: Any = None
        try:
            value = read_stored(stored, store)
            had = _type_of(value) or had
        except Undecodable:
            pass
        if annotation not in (inspect.Parameter.empty, Any, object):
            had = annotation
        given.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=had))
    return signature.replace(parameters=[*(p for p in parameters if p is not any_name), *given])


def _type_of(value: Any) -> Any:
    """The type to read a value's replacement as; None where a value tells too little of it."""
    if value is None:
        return None
    if isinstance(value, PurePath):
        return Path
    if type(value) in (list, set, frozenset, tuple):
        inner = {_type_of(item) for item in value}
        one = inner.pop() if len(inner) == 1 else None
        if one is None:
            return None
        return types.GenericAlias(type(value), (one, ...) if type(value) is tuple else (one,))
    return type(value)


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
