"""The scheduler as users know it: give it an expression, get its value, ask it how far it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload

from headwater.cypher.html import table
from headwater.cypher.project import Project, find_project, open_project
from headwater.engine.config import Config
from headwater.engine.context import merged
from headwater.engine.current import current
from headwater.engine.files.since import run_under_way
from headwater.engine.importing import refuse_run_on_import
from headwater.engine.job import STATUS
from headwater.engine.left_behind import tidy_up
from headwater.engine.loop import Run
from headwater.engine.run_options import (
    Tags,
    check_command,
    check_flags,
    check_project,
    check_run_context,
    check_tags,
)

T = TypeVar("T")


class Progress:
    """How far a run is.

    Attributes:
        counts: jobs by task name and status; each attempt of a call is a job.
        finished: whether the run has ended.
        limits: how much of each limited resource is taken now.
    """

    def __init__(
        self, counts: dict[str, dict[str, int]], finished: bool, limits: dict[str, int] | None = None
    ) -> None:
        self.counts = counts
        self.finished = finished
        self.limits = limits or {}

    def __repr__(self) -> str:
        return f"Progress({self.counts!r}, finished={self.finished}, limits={self.limits!r})"

    def _repr_html_(self) -> str:
        rows = [(name, *map(counts.get, STATUS)) for name, counts in sorted(self.counts.items())]
        title = "ended" if self.finished else "running"
        return table(("task", *STATUS), rows, title=title)


class Scheduler:
    """Runs workflows, one at a time.

    Inside a project (a `.headwater` folder found upward from the working directory, or the one given) a run is
    recorded, and reuses what earlier runs recorded. Outside any project nothing lasting is written and no server is
    started.

    Args:
        project: where to record; default: the project around the working directory, if there is one.
        record: False to run without a project even inside one.
    """

    def __init__(self, project: Project | None = None, *, record: bool = True) -> None:
        check_flags("Scheduler", record=record)
        given = check_project(project)
        self.project = given or find_project() if record else None
        self.config = Config.of(self.project)
        self.execution_id: str | None = None
        self._run: Run | None = None
        """the run under way that tells of its progress: of those inside one another, the outermost"""
        self._last = Progress({}, True)
        """what the last one told at its end; it is let go itself, with all the values in it"""
        self._under_way: list[Run] = []

    @overload
    def run(
        self,
        expr: Coroutine[Any, Any, T],
        *,
        cache: bool = True,
        keep_going: bool = False,
        dryrun: bool = False,
        prov: bool = True,
        tags: Tags = (),
        context: Mapping[str, Any] | None = None,
        command: Sequence[str] | None = None,
    ) -> T: ...
    @overload
    def run(
        self,
        expr: list[Coroutine[Any, Any, T]],
        *,
        cache: bool = True,
        keep_going: bool = False,
        dryrun: bool = False,
        prov: bool = True,
        tags: Tags = (),
        context: Mapping[str, Any] | None = None,
        command: Sequence[str] | None = None,
    ) -> list[T]: ...
    @overload
    def run(
        self,
        expr: T,
        *,
        cache: bool = True,
        keep_going: bool = False,
        dryrun: bool = False,
        prov: bool = True,
        tags: Tags = (),
        context: Mapping[str, Any] | None = None,
        command: Sequence[str] | None = None,
    ) -> T: ...
    def run(
        self,
        expr: Any,
        *,
        cache: bool = True,
        keep_going: bool = False,
        dryrun: bool = False,
        prov: bool = True,
        tags: Tags = (),
        context: Mapping[str, Any] | None = None,
        command: Sequence[str] | None = None,
    ) -> Any:
        """Evaluate an expression, or a nested value with expressions in it.

        Args:
            cache: False to reuse nothing from earlier runs; what is run is recorded all the same.
            keep_going: after a failure, run everything that does not depend on it before raising.
            dryrun: run nothing, and write nothing down: follow what is recorded as far as that goes.
            prov: False to record nothing of the run, nor reuse anything: as outside a project.
            tags: recorded with the execution, beside those of the settings: a dict (a value may be a list), or a list
                of pairs or `key=value`.
            context: a nested dict that tasks read with `get_context`, laid over the one in the settings.
            command: the command line to record; default: the process's own.

        Returns:
            The value.

        Raises:
            TypeError, ValueError: an option is not what it has to be; nothing was done.
            BaseException: the first failing task's own exception, whatever it raised (SystemExit, KeyboardInterrupt and
                CancelledError too); its `headwater_traceback` tells the way to it.
            DryRunResult: a dry run found calls that would run; it lists the first of them, with the reasons.
            Cancelled: `cancel` was called, or `hw cancel`; as with an interrupted run, nothing is left open.
            KeyboardInterrupt: without a `headwater_traceback`, the run was interrupted; its jobs are cancelled and its
                journal is closed.
            StoreRefused, SchemaError: the store refuses us, said before anything runs.
            StoreError: the journal cannot be written.
            UsageError: this is a worker process, which imports the main program for its tasks.
        """
        refuse_run_on_import()
        check_flags("run", cache=cache, keep_going=keep_going, dryrun=dryrun, prov=prov)
        check_command(command)
        above = check_run_context(context)
        pairs = tuple(dict.fromkeys((*self.config.tags, *check_tags(tags))))
        if not dryrun:
            tidy_up()
        run = self._kind(dryrun=dryrun)(
            self.project,
            self.config,
            use_cache=cache,
            keep_going=keep_going,
            prov=prov,
            context=merged(self.config.context, above),
        )
        if self._run is None or self._run.ended:
            self._run = run
        self._under_way.append(run)
        try:
            with current(self), run_under_way():
                return run.evaluate(expr, pairs, command, partial(self._begun, run))
        finally:
            self._under_way.remove(run)
            if run is self._run:
                self._last, self._run = _progress_of(run), None

    def _kind(self, *, dryrun: bool) -> Callable[..., Run]:
        if dryrun:
            from headwater.engine.dryrun import DryRun

            return DryRun
        return Run

    def _begun(self, run: Run, execution_id: str | None) -> None:
        if run is self._run:
            self.execution_id = execution_id

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return any(not run.ended for run in self._under_way)

    def cancel(self) -> bool:
        """Stop the run that is under way, with those that its tasks have begun here; may be called from any thread, but
        not by a signal handler.

        `run` raises `Cancelled` soon after: calls in processes are stopped, calls on threads are left alone, and every
        job that has not ended is CANCELLED.

        Returns:
            Whether there was a run to stop.
        """
        runs = [run for run in self._under_way if not run.ended]
        for run in runs:
            run.cancel()
        return bool(runs)

    def progress(self) -> Progress:
        """How far the run is; may be called from any thread at any time, and costs little."""
        run = self._run
        return self._last if run is None else _progress_of(run)

    def wait_recorded(self, progress: Callable[[Any], None] | None = None) -> Any:
        """Wait until the last run is in the graph.

        Returns:
            What the loader's `catch_up` says; None where runs are not recorded.
        """
        if self.project is None or self.execution_id is None:
            return None
        from headwater.cypher.backlog import catch_up

        return catch_up(self.project, execution_id=self.execution_id, progress=progress)


def _progress_of(run: Run) -> Progress:
    counts = {
        name: {status: n for status, n in zip(STATUS, row, strict=True) if n}
        for name, row in run.counts().items()
    }
    return Progress(counts, run.ended, run.limits.taken())


@overload
def run(
    expr: Coroutine[Any, Any, T],
    *,
    cache: bool = True,
    keep_going: bool = False,
    dryrun: bool = False,
    prov: bool = True,
    tags: Tags = (),
    context: Mapping[str, Any] | None = None,
    command: Sequence[str] | None = None,
    config_dir: str | os.PathLike[str] | None = None,
) -> T: ...
@overload
def run(
    expr: list[Coroutine[Any, Any, T]],
    *,
    cache: bool = True,
    keep_going: bool = False,
    dryrun: bool = False,
    prov: bool = True,
    tags: Tags = (),
    context: Mapping[str, Any] | None = None,
    command: Sequence[str] | None = None,
    config_dir: str | os.PathLike[str] | None = None,
) -> list[T]: ...
@overload
def run(
    expr: T,
    *,
    cache: bool = True,
    keep_going: bool = False,
    dryrun: bool = False,
    prov: bool = True,
    tags: Tags = (),
    context: Mapping[str, Any] | None = None,
    command: Sequence[str] | None = None,
    config_dir: str | os.PathLike[str] | None = None,
) -> T: ...
def run(
    expr: Any,
    *,
    cache: bool = True,
    keep_going: bool = False,
    dryrun: bool = False,
    prov: bool = True,
    tags: Tags = (),
    context: Mapping[str, Any] | None = None,
    command: Sequence[str] | None = None,
    config_dir: str | os.PathLike[str] | None = None,
) -> Any:
    """Evaluate an expression with a scheduler of its own, as the project's settings set it up.

    Args:
        config_dir: the project's root, or its `.headwater` folder. Default: the project around the working directory.

    The other options are those of `Scheduler.run`.

    Raises:
        UsageError: there is no project in `config_dir`.
        BaseException: as `Scheduler.run`.
    """
    from headwater.engine.setup import set_up

    return set_up(find_project() if config_dir is None else open_project(Path(config_dir))).run(
        expr,
        cache=cache,
        keep_going=keep_going,
        dryrun=dryrun,
        prov=prov,
        tags=tags,
        context=context,
        command=command,
    )
