"""`hw log [WHAT]`: runs, or the run, job, call, value, task or file behind an id."""

from __future__ import annotations

from itertools import chain

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cli._times import as_of_option
from headwater.cypher.errors import UsageError


@click.command()
@click.argument("what", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Runs to list.")
@click.option(
    "--status",
    type=click.Choice(["RUNNING", "DONE", "FAILED", "CANCELLED"], case_sensitive=False),
    help="List only runs of this status.",
)
@click.option("--jobs", type=click.IntRange(0), default=200, show_default=True, help="Jobs of a run to show.")
@as_of_option
@click.option("--log", "whole", is_flag=True, help="Print all that the job's (or run's) scripts wrote.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def command(
    what: str | None,
    *,
    limit: int,
    status: str | None,
    jobs: int,
    as_of: str | None,
    whole: bool,
    as_json: bool,
) -> None:
    """Show runs, jobs, calls, values, tasks and files.

    Without WHAT, lists the newest runs. WHAT is the beginning of an id or hash of any kind, a task's name, a
    file's path, or - for the last run (~1 for the one before it).
    """
    from headwater.cli import _output, _script_logs, _views
    from headwater.cli._reading import find, reading, the_project
    from headwater.lineage import log
    from headwater.lineage.log_views import JobView, to_json
    from headwater.lineage.tags import tags_of

    if whole and (as_json or what is None):
        raise UsageError("--log prints the log of one job or run, as text. Type: hw log JOB --log")

    with reading(as_of=as_of) as store:
        if what is None:
            listed = log.executions(store, limit=limit, status=status and status.upper())
            if as_json:
                _output.emit_json(
                    {"executions": [{**to_json(i.execution), "jobs": dict(i.jobs)} for i in listed]}
                )
            elif listed:
                show([_views.executions(listed)])
            else:
                hint = "yet. Type: hw run FILE TASK" if as_of is None else "by then"
                click.echo(f"nothing was run here {hint}", err=True)
            return
        found = find(store, what)
        view = log.view(store, found, jobs=jobs)
        project = the_project()
        if whole:
            show(_script_logs.whole(project, store, view))
            return
        tags = [tag for tag in tags_of(store, [found.id]) if tag.is_current]
        path = _script_logs.path_of(project, view.job.id) if isinstance(view, JobView) else None
        if as_json:
            told = {**to_json(view), "tags": [tag.text for tag in tags]}
            _output.emit_json({**told, "log": path} if isinstance(view, JobView) else told)
            return
        show(chain(_views.view(view, tags), _script_logs.tail(path) if path else ()))
