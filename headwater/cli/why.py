"""`hw why WHAT`: the reason of a job, or of all jobs of a task, and its cause to the root."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cli._times import as_of_option

if TYPE_CHECKING:
    from headwater.lineage.why_views import Why


@click.command()
@click.argument("what")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Jobs of a task to explain, those that ran first.",
)
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def command(what: str, limit: int, as_of: str | None, as_json: bool) -> None:
    """Say why a job ran, or why it did not have to.

    WHAT is the beginning of a job's id; a task's name or version, for all its jobs in the newest run that has any,
    and a note where runs came after it; a call, for the newest job that made it; or a run, or - for the last, for its
    first job. The reason is one of a
    closed list, with the code, the arguments or the files that changed; then comes the reason of what caused it, to
    the root.
    """
    from headwater.cli import _output
    from headwater.cli._reading import find, reading
    from headwater.lineage.why import jobs_meant, later_runs, why

    with reading(as_of=as_of) as store:
        found = find(store, what)
        jobs = jobs_meant(store, found)
        answers = [why(store, job) for job in jobs[:limit]]
        run = answers[0].job.execution
        later = later_runs(store, run) if found.kind == "task" else 0
    more = len(jobs) - len(answers)
    if as_json:
        _output.emit_json(
            {"jobs": [answer.to_dict() for answer in answers], "more": more, "later_runs": later}
        )
    else:
        runs = "the run that came later has" if later == 1 else f"the {later:,} runs that came later have"
        note = _output.one_line(f"in run {run}; {runs} no job of {found.label}") if later else None
        show(_lines(answers, note, more))


def _lines(answers: Sequence[Why], note: str | None, more: int) -> Iterator[str]:
    from headwater.cli import _why_text

    if note is not None:
        yield f"{note}\n"
    for place, answer in enumerate(answers):
        if place:
            yield ""
        yield from _why_text.text(answer)
    if more:
        yield f"\n… and {more} more job{'s' * (more != 1)} of the task in that run; --limit N explains more"
