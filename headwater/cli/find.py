"""`hw find [runs|jobs|files]`: by task, file, type, tag, user, commit, time, status or host, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cli._times import Moment, as_of_option

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore
    from headwater.lineage.find import Page
    from headwater.lineage.log_views import Job

STATUSES = ("RUNNING", "DONE", "CACHED", "FAILED", "CANCELLED")


@click.command()
@click.argument("kind", type=click.Choice(["runs", "jobs", "files"]), default="jobs")
@click.option("--task", "tasks", multiple=True, metavar="NAME", help="Full name; * and ? stand for text.")
@click.option("--file", metavar="PATH", help="Path or URL of a file that was taken or given; * and ?.")
@click.option("--type", "value_type", metavar="TYPE", help="Type of a value that was taken or given.")
@click.option(
    "--tag", "tags", multiple=True, metavar="KEY[=VALUE]", help="Tag that it has; all of those given."
)
@click.option("--user", help="Who ran it: the account, or the name that HEADWATER_USER gave.")
@click.option("--host", help="Where it was run from.")
@click.option("--commit", metavar="HASH", help="Beginning of the git commit.")
@click.option("--since", type=Moment(), help="Begun then or later: 2013-01-31, or 3d (ago).")
@click.option("--until", type=Moment(), help="Begun before.")
@click.option(
    "--status",
    "statuses",
    type=click.Choice(STATUSES, case_sensitive=False),
    multiple=True,
    help="Of the job, or the run; one of those given.",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Of one page.")
@click.option("--after", metavar="ID", help="Go on after this one: the page before names it.")
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def command(
    *,
    kind: str,
    tasks: tuple[str, ...],
    file: str | None,
    value_type: str | None,
    tags: tuple[str, ...],
    user: str | None,
    host: str | None,
    commit: str | None,
    since: datetime | None,
    until: datetime | None,
    statuses: tuple[str, ...],
    limit: int,
    after: str | None,
    as_of: str | None,
    as_json: bool,
) -> None:
    """Find runs, jobs and files by what is known of them.

    What is found is all that is asked for together: hw find jobs --task 'lab.*' --status failed --since 3d. The
    newest runs come first, the jobs of one run in the order in which they were made, and files by path; files are
    found by --file and --tag alone. A job has the tags of its run, its task and its call, too.
    """
    from headwater.cli._reading import reading
    from headwater.lineage.find import Wanted, find_files, find_jobs, find_runs

    wanted = Wanted(
        tasks=tasks,
        file=_pattern(file),
        type=value_type,
        tags=tags,
        user=user,
        host=host,
        commit=commit,
        statuses=[word.upper() for word in statuses],
        since=since,
        until=until,
    )
    if kind == "files" and wanted != Wanted(file=wanted.file, tags=tags, statuses=[]):
        raise click.UsageError("files are found by --file and --tag alone", click.get_current_context())
    with reading(as_of=as_of) as store:
        page: Page[Any]
        if kind == "files":
            page = find_files(store, wanted.file or "*", tags=tags, limit=limit, after=after)
        elif kind == "runs":
            page = find_runs(store, wanted, limit=limit, after=after)
        else:
            page = find_jobs(store, wanted, limit=limit, after=after)
        _print(store, kind, page, as_json)


def _pattern(file: str | None) -> str | None:
    """What is relative on purpose (`./a`, `../a`, `~/a`) as the graph has it: absolute."""
    import os

    from headwater.cypher.paths import normal

    if file is not None and file.startswith(("./", "../", "~")):
        return normal(os.path.expanduser(file))
    return file


def _print(store: GraphStore, kind: str, page: Page[Any], as_json: bool) -> None:
    from headwater.cli import _output, _views
    from headwater.lineage.log_views import to_json

    if as_json:
        found = to_json(page.found)
        if kind == "runs":
            found = [{**run["execution"], "jobs": run["jobs"]} for run in found]
        _output.emit_json({"kind": kind, "found": found, "after": page.after})
        return
    if not page.found:
        click.echo(f"no {kind} like that", err=True)
    elif kind == "runs":
        show([_views.executions(page.found)])
    elif kind == "files":
        rows = [
            (file.file[: _views.ID], file.evidence, file.digest, _output.size(file.size), file.path)
            for file in page.found
        ]
        show([_output.table(["file", "evidence", "digest", "size", "path"], rows)])
    else:
        show([_jobs(store, page.found)])
    if page.after is not None:
        click.echo(f"there are more: --after {page.after}", err=True)


def _jobs(store: GraphStore, jobs: Sequence[Job]) -> str:
    from headwater.cli import _output, _views
    from headwater.lineage import log

    arguments = log.arguments_of(store, [job.call for job in jobs if job.call])
    rows = [
        (
            job.id[: _views.ID],
            job.status,
            job.execution[: _views.SHOWN + 1],
            _output.local_time(job.started),
            _views.call_text(job, arguments),
        )
        for job in jobs
    ]
    return _output.table(["job", "status", "run", "started", "call"], rows)
