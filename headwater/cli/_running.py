"""A run of the command line: evaluated, recorded and told, whichever verb asked for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._arguments import reader_for
from headwater.cli._errors import STOPPED, is_of_the_machine
from headwater.cli._outcome import Outcome
from headwater.cli._progress import Progress
from headwater.cypher.errors import HeadwaterError, UsageError

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.engine.scheduler import Scheduler

BACKGROUND = "HEADWATER_BACKGROUND_LOAD"

Beside = Callable[["Scheduler"], AbstractContextManager[object]]
"""Makes what is to be done beside a run while it lasts."""


@dataclass(frozen=True)
class Options:
    """How something is run: `hw run`'s own options, wherever on the command line they stood."""

    no_cache: bool = False
    no_prov: bool = False
    keep_going: bool = False
    dryrun: bool = False
    rerun: str | None = None
    input: str | None = None
    setup: list[str] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)
    user: str | None = None
    context: dict[str, Any] = field(default_factory=dict)
    call_options: dict[str, Any] = field(default_factory=dict)
    background_load: bool | None = None
    verbose: bool = False
    pdb: bool = False
    as_json: bool = False


def progress_of(scheduler: Scheduler) -> Progress:
    """Shows how far a run is."""
    return Progress(lambda: scheduler.progress().counts)


def run_expression(
    name: str, expression: Any, options: Options, recorded: list[str], beside: Beside = progress_of
) -> int:
    """Evaluate an expression in the project of the working directory, and show what came of it.

    Args:
        name: of the task that is called.
        recorded: the command line to record.
        beside: what is done while it runs.

    Returns:
        The exit code.
    """
    with _asked_by(options.user):
        return _run_expression(name, expression, options, recorded, beside)


@contextmanager
def _asked_by(name: str | None) -> Iterator[None]:
    """What is recorded meanwhile, here and in processes that are started, is of somebody of that name."""
    from headwater.cypher.change import USER

    before = os.environ.get(USER)
    if name is not None:
        os.environ[USER] = name
    try:
        yield
    finally:
        if name is not None:
            os.environ.pop(USER, None)
            os.environ.update({} if before is None else {USER: before})


def _run_expression(name: str, expression: Any, options: Options, recorded: list[str], beside: Beside) -> int:
    from headwater.cli._call_options import check_names
    from headwater.cli._changes import note_datasets
    from headwater.cli._loading import load_pending, raise_damage
    from headwater.cli._setup import setup_arguments
    from headwater.cypher.project import create_project, find_project
    from headwater.engine.errors import Cancelled
    from headwater.engine.setup import set_up

    project = find_project()
    arguments = setup_arguments(project, options.setup)
    if options.dryrun:
        from headwater.cli._dryrun import dry_run

        scheduler = set_up(project, arguments)
        check_names(options.call_options, scheduler.config, name)
        return dry_run(name, expression, scheduler, options)
    if project is None and not options.no_prov:
        project = create_project(Path.cwd())
        click.echo(f"made a project in {project.root}", err=True)
    in_background = project is None or _in_background(options, project)
    scheduler = set_up(project, arguments)
    check_names(options.call_options, scheduler.config, name)
    outcome = Outcome(name, scheduler)
    try:
        # What tasks print must not stand in the middle of the JSON.
        aside = redirect_stdout(sys.stderr) if options.as_json else nullcontext()
        with aside, beside(scheduler), _live(options.verbose):
            value = scheduler.run(
                expression,
                cache=not options.no_cache,
                keep_going=options.keep_going,
                prov=not options.no_prov,
                tags=options.tags,
                context=options.context,
                command=recorded,
            )
        outcome.done(value)
    except (KeyboardInterrupt, HeadwaterError) as error:
        if hasattr(error, "headwater_traceback"):
            outcome.failed(error)  # a task's own
        elif isinstance(error, Cancelled):
            outcome.cancelled(error)
        else:
            if isinstance(error, KeyboardInterrupt):
                outcome.stopped(options.as_json)
            raise
    except BaseException as error:  # a task may also raise SystemExit, which must not become our exit code
        if not hasattr(error, "headwater_traceback") and is_of_the_machine(error):
            raise  # no task's: what is recorded cannot be read or written
        outcome.failed(error)
    if options.pdb and outcome.failure is not None:
        from headwater.cli._post_mortem import post_mortem

        post_mortem(outcome.failure)
    outcome.show(options.as_json)
    if not in_background and project is not None and scheduler.execution_id is not None:
        load_pending(project, scheduler.execution_id)
        note_datasets(project)
        raise_damage(project, scheduler.execution_id)
    return {"DONE": 0, "CANCELLED": STOPPED}.get(outcome.status, 1)


def _live(verbose: bool) -> AbstractContextManager[object]:
    if not verbose:
        return nullcontext()
    from headwater.cli._live_logs import LiveLogs

    return LiveLogs()


def _in_background(options: Options, project: Project) -> bool:
    """Whether loading is left to the background: the option, else the environment, else the setting."""
    from headwater.cypher.project import SETTINGS

    if options.background_load is not None:
        return options.background_load
    where, text = f"the environment variable {BACKGROUND}", os.environ.get(BACKGROUND)
    if text is None:
        where = f"{project.folder / SETTINGS}: [run] background_load"
        text = project.settings.get("run", "background_load", fallback="no")
    try:
        return bool(reader_for(bool).read(text))
    except ValueError as error:
        raise UsageError(f"{where}={text} is not {error}") from error
