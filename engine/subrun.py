"""Runs inside runs: an expression that a scheduler of its own evaluates, on a thread or in a process of an executor.

It is one call of the run above, `headwater.subrun_root_task`, and the root of the run inside is a call below that: so
the cache and every question about lineage go through it. What the run inside records goes to the run above, which
writes it into its own journal; where the run inside is an execution of its own, it writes the same itself as well, and
the run above has the calls and values but no jobs.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from headwater.cypher.project import open_project
from headwater.cypher.records import (
    AnyRecord,
    ExecutionEnded,
    ExecutionStarted,
    HandleSeen,
    JobEnded,
    JobStarted,
    TagsGiven,
)
from headwater.engine.cancel import Requests
from headwater.engine.config import Config, config_from
from headwater.engine.context import Reads
from headwater.engine.errors import CallError
from headwater.engine.executors.upwards import TO_PARENT, Send
from headwater.engine.expression import Call
from headwater.engine.inside import GIVEN_UP, End, Within
from headwater.engine.loop import Run
from headwater.engine.options import check_options, is_off
from headwater.engine.recorder import Journal, Recorder
from headwater.engine.root import root_call
from headwater.engine.sent import Sent, sent
from headwater.engine.task import task
from headwater.engine.unrecorded import no_prov
from headwater.engine.values import ValueStore
from msgspec import structs

T = TypeVar("T")

_BLOCK = 22
"""bits: the jobs of a run inside have numbers of their own, so many in a block that is drawn by chance"""
_BLOCKS = 40


class _Upwards(Journal):
    """The journal of a run inside: what it is given goes to the run above; `own` has all of it, where there is one."""

    def __init__(self, send: Send, own: Journal | None) -> None:
        self._send = send
        self._own = own
        self._left_out = _RUNS if own is None else (*_RUNS, JobStarted, JobEnded)

    def append(self, records: Sequence[AnyRecord]) -> None:
        if self._own is not None:
            # When states of handles were made is for the run above to say, which goes on with them.
            self._own.append([record for record in records if not isinstance(record, HandleSeen)])
        self._send("records", [record for record in records if not self._is_its_own(record)])

    def _is_its_own(self, record: AnyRecord) -> bool:
        """Whether a record is none of the run above."""
        of_run = isinstance(record, TagsGiven) and record.value is None
        return isinstance(record, self._left_out) or (of_run and self._own is not None)

    def close(self) -> None:
        if self._own is not None:
            self._own.close()


_RUNS = (ExecutionStarted, ExecutionEnded)
_OWN_NAMES = frozenset({"executor", "config", "config_dir", "new_execution", "load_modules"})


class SubRun(Run):
    """A run inside another."""

    def __init__(self, within: Within, config: Config, *, new_execution: bool) -> None:
        super().__init__(
            within.project_of,
            config,
            use_cache=within.flags["use_cache"],
            keep_going=within.flags["keep_going"],
            context=within.context,
            # Of a run or a call that is not recorded, what runs inside is not either.
            prov=within.execution is not None and not within.withheld,
        )
        self._above = within
        self._new = new_execution

    def _look_again(self) -> None:
        return  # the run above has, and what tasks are must not change while it lasts

    def _warn_of_bare_names(self) -> None:
        return  # once is enough

    def _record(self, started: ExecutionStarted, values: ValueStore) -> Recorder:
        assert self.project is not None
        assert self._above.say is not None
        if self._new:
            own = Recorder.journal_of(self.project, started.id)
            return Recorder(started, values, _Upwards(self._above.say, own))
        assert self._above.execution is not None
        started = structs.replace(started, id=self._above.execution)
        return Recorder(started, values, _Upwards(self._above.say, None))

    def _open(self, call: Call, tags: Sequence[tuple[str, str]], command: Sequence[str] | None) -> None:
        super()._open(call, tags, command)
        if not self._new:
            first = self.reduction.jobs = secrets.randbits(_BLOCKS) + 1 << _BLOCK
            if self.project is not None and self._above.execution is not None:
                # What is asked of the run as a whole, the run above hears.
                self._requests = Requests(self.project, self._above.execution, first)

    def answer(self, error: BaseException | None) -> None:
        """Tell the run above how this one ended."""
        root = self._root
        way = getattr(error, "headwater_traceback", None)
        if self._above.say is not None:
            of_root = (
                (root.call_hash, self._read(root.reads), root.gap, root.outdated)
                if root
                else (None, None, None, False)
            )
            self._above.say("ended", End(*of_root, self.counts(), way.tasks if way else []))

    def _read(self, reads: Reads | None) -> Reads | None:
        """What the run inside read of the context, as the run above has it."""
        return reads


@task(name="subrun_root_task", namespace="headwater", version="1", config_args=["settings", "new_execution"])
def subrun_root_task(
    expression: Sent,
    settings: Mapping[str, Mapping[str, Any]] | str | None = None,
    new_execution: bool = False,
    within: Within = Within(),  # noqa: B008  it stands for what is filled in
) -> Any:
    """The call of the run above that a run inside is for."""
    make = within.make or SubRun
    run = within.run = make(within, _config(within, settings), new_execution=new_execution)
    if within.stopped:  # asked afterwards: whoever gave the call up has not seen the run, or has cancelled it
        run.cancel(GIVEN_UP)
    return run_inside(run, within, expression.expression)


def run_inside(run: SubRun, within: Within, expr: Any) -> Any:
    """Evaluate an expression with a run inside another, and tell that how it ended."""
    if within.say is None and TO_PARENT:
        within.say = TO_PARENT[-1]
    error = None
    try:
        return run.evaluate(
            asked_inside(within, expr), within.flags["tags"], within.flags["command"], lambda _: None
        )
    except BaseException as raised:
        error = raised
        raise
    finally:
        run.answer(error)


def asked_inside(within: Within, expr: Any) -> Any:
    """An expression as a run inside evaluates it: with the options that reach it from above."""
    expr = _exporting(expr, within.exported)
    if within.withheld or (isinstance(expr, Call) and is_off(expr._task.definition, None, expr._options)):
        # Its root keeps what the reuse of it all depends on: here for the call above, which is told of it.
        return no_prov(expr)
    return expr


def _config(within: Within, settings: Mapping[str, Mapping[str, Any]] | str | None) -> Config:
    if settings is None:
        return Config.of(within.project_of)
    if isinstance(settings, str):
        return Config.of(open_project(Path(settings)))
    return replace(config_from(settings), project=within.project_of)


def _exporting(expr: Any, exported: dict[str, Any] | None) -> Any:
    """A call with the options that reach it from above; anything else in a call that has them."""
    if not exported:
        return expr
    call = root_call(expr)
    options = dict(call._options or {})
    options["export_options"] = {**exported, **options.get("export_options", {})}
    return Call(call._task, call._args, call._kwargs, options)


def subrun(
    expr: T,
    executor: str = "process",
    config: Mapping[str, Mapping[str, Any]] | None = None,
    config_dir: str | None = None,
    *,
    new_execution: bool = False,
    load_modules: Sequence[str] | None = None,
    **task_options: Any,
) -> T:
    """Evaluate an expression with a scheduler of its own, on an executor: in a process, it takes its share of the work
    off this process, the scheduling included.

    The context, the options that calls hand down, and the run's flags (cache, keep going, tags, dry run) reach it.

    Args:
        expr: an expression, or a nested value with expressions in it.
        executor: where its scheduler runs.
        config: settings for it, as sections of a `headwater.ini`: `{"limits": {"gpu": 2}}`. Default: those of the run.
        config_dir: a project's folder whose settings are to count instead.
        new_execution: record it as an execution of its own.
        load_modules: names of the modules that a process imports first. Default: all that define tasks here.
        **task_options: options of the call that stands for it.

    Raises:
        CallError: both `config` and `config_dir` are given, or `load_modules` is no list of names.
        UsageError: a setting that cannot be.
        TaskDefinitionError: an option that cannot be.
    """
    if config is not None and config_dir is not None:
        raise CallError("subrun(...): config and config_dir say the same thing twice. Keep one of them.")
    if isinstance(load_modules, str):
        raise CallError(
            f"subrun(..., load_modules={load_modules!r}): a list of names is needed, [{load_modules!r}]"
        )
    if config is not None:
        config_from(config)
    settings = config if config is not None else config_dir
    check_options(task_options, _OWN_NAMES)
    call = subrun_root_task.options(executor=executor, **task_options)
    return call(sent(expr, load_modules), settings, new_execution)  # type: ignore[no-any-return]
