"""`hw impact WHAT`: the calls, files, runs and people that something reached."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cli._times import Moment, as_of_option

if TYPE_CHECKING:
    from headwater.lineage.impact_views import (
        AffectedCall,
        AffectedFile,
        AffectedRun,
        Impact,
        Perhaps,
        Person,
    )

LISTS = ("calls", "files", "runs", "people", "unended", "perhaps")


@click.command()
@click.argument("what")
@click.option("--since", type=Moment(), help="Leave out what was done before, like 2013-01-31 or 3d (ago).")
@click.option(
    "--list",
    "lists",
    type=click.Choice([*LISTS, "all"]),
    multiple=True,
    help="List these instead of counting alone; may be repeated.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Go no further when N calls were reached: what is told is then a part.",
)
@click.option("--check", is_flag=True, help="Look whether the files are still there as they were recorded.")
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def command(
    what: str,
    *,
    since: datetime | None,
    lists: tuple[str, ...],
    limit: int | None,
    check: bool,
    as_of: str | None,
    as_json: bool,
) -> int:
    """Show everything that something reached.

    WHAT is a file's path (then every recorded content of it counts), a task's name (its newest version), the
    beginning of the id or hash of a file's content, a task's version, a value, a call, a job or a run, or - for
    the last run. Calls are followed through all runs, and files from the calls that made them to those that took
    them. Exits with 1 where anything was reached, be it only perhaps.
    """
    from headwater.cli import _output
    from headwater.cli._reading import by_hash, find, reading
    from headwater.cypher.errors import UsageError
    from headwater.engine.files import still_valid
    from headwater.lineage.impact import impact

    if check and as_of is not None:
        raise UsageError(
            "--check looks at the files as they are now, which says nothing of the time of --as-of."
        )
    with reading(as_of=as_of) as store:
        found = find(store, what, every_content=True)
        answer = impact(
            store,
            found,
            every_content=not by_hash(found, what),
            since=since,
            still_valid=still_valid if check else None,
            limit=limit,
        )
    if as_json:
        _output.emit_json(answer.to_dict())
    else:
        show(_lines(answer, LISTS if "all" in lists else lists))
    return 1 if answer else 0


def _lines(answer: Impact, lists: Collection[str]) -> Iterator[str]:
    from headwater.cli import _output, _views

    contents = f", {len(answer.contents)} recorded contents" if len(answer.contents) > 1 else ""
    yield _output.one_line(f"{answer.kind} {answer.label}  {answer.id[: _views.ID]}{contents}")
    if not answer:
        yield "no recorded call took anything from it" + (" since then" if answer.since else "")
        return
    counts = answer.counts()
    notes = {
        "calls": f"in {counts['jobs']} job{'s' * (counts['jobs'] != 1)}",
        "files": _checked(answer.files),
        "unended": "jobs that came to no result",
        "perhaps": _perhaps(answer.perhaps),
    }
    counts["perhaps"] = counts["perhaps_calls"]
    told = [name for name in LISTS if name not in ("unended", "perhaps") or getattr(answer, name)]
    width = max(map(len, told))
    yield "reached" if answer.complete else "reached at least (--limit)"
    for name in told:
        yield f"  {name.ljust(width)}  {counts[name]:>6,}  {notes.get(name, '')}".rstrip()
    if answer.perhaps.runs:
        yield f"  beside these {_more(counts)}, only by jobs that came to no result or perhaps"
    if "calls" in lists and answer.calls:
        yield "\ncalls"
        yield _calls(answer.calls)
    if "files" in lists and answer.files:
        yield "\nfiles"
        yield _files(answer.files)
    if "runs" in lists and answer.runs:
        yield "\nruns"
        yield _runs(answer.runs)
    if "people" in lists and answer.people:
        yield "\npeople"
        yield _people(answer.people)
    if "unended" in lists and answer.unended:
        yield "\njobs that came to no result"
        yield _output.table(
            ["job", "status", "started", "for sure", "by", "task"], _unended(answer), indent="  "
        )
    if "perhaps" in lists and answer.perhaps.calls:
        yield "\ncalls that it reached perhaps"
        yield _calls(answer.perhaps.calls)
    if "perhaps" in lists and answer.perhaps.files:
        yield "\nfiles that these made"
        yield _files(answer.perhaps.files)
    if "perhaps" in lists and answer.perhaps.runs:
        yield "\nfurther runs, of jobs that came to no result or were reached perhaps"
        yield _runs(answer.perhaps.runs)
    if "perhaps" in lists and answer.perhaps.people:
        yield "\nfurther people"
        yield _people(answer.perhaps.people)


def _calls(calls: Sequence[AffectedCall]) -> str:
    from headwater.cli import _output, _views

    rows = [
        (
            call.call[: _views.ID],
            _output.local_time(call.recorded_at),
            str(len(call.jobs)),
            call.task + " (failed)" * call.failed,
            call.preview,
        )
        for call in calls
    ]
    return _output.table(["call", "recorded", "jobs", "task", "result"], rows, right=["jobs"], indent="  ")


def _files(files: Sequence[AffectedFile]) -> str:
    from headwater.cli import _output, _views

    state = {True: "as recorded", False: "changed or gone", None: ""}
    rows = [
        (file.file[: _views.ID], _output.size(file.size), state[file.still_there], file.path)
        for file in files
    ]
    return _output.table(["file", "size", "now", "path"], rows, right=["size"], indent="  ")


def _runs(runs: Sequence[AffectedRun]) -> str:
    from headwater.cli import _output, _views

    rows = [
        (
            run.id[: _views.SHOWN + 1],
            run.status,
            _output.local_time(run.started),
            str(run.jobs),
            run.user,
            run.command,
        )
        for run in runs
    ]
    return _output.table(
        ["run", "status", "started", "jobs", "by", "command"], rows, right=["jobs"], indent="  "
    )


def _people(people: Sequence[Person]) -> str:
    from headwater.cli import _output

    rows = [(str(person.runs), person.user) for person in people]
    return _output.table(["runs", "user"], rows, right=["runs"], indent="  ")


def _more(counts: Mapping[str, int]) -> str:
    runs, people = counts["perhaps_runs"], counts["perhaps_people"]
    more_people = f" and {people:,} {'person' if people == 1 else 'people'}" if people else ""
    return f"{runs:,} run{'s' * (runs != 1)}{more_people}"


def _unended(answer: Impact) -> list[tuple[str | None, ...]]:
    from headwater.cli import _output, _views

    return [
        (
            job.job[: _views.ID],
            job.status,
            _output.local_time(job.started),
            "yes" if job.certain else "perhaps",
            job.user,
            job.task,
        )
        for job in answer.unended
    ]


def _perhaps(perhaps: Perhaps) -> str:
    files, checked = len(perhaps.files), _checked(perhaps.files)
    made = f"calls under or after jobs without a result, which made {files:,} file{'s' * (files != 1)}"
    return f"{made}: {checked}" if checked else made


def _checked(files: Sequence[AffectedFile]) -> str:
    looked = [file.still_there for file in files if file.still_there is not None]
    return f"{sum(looked)} as recorded, {len(looked) - sum(looked)} changed or gone" if looked else ""
