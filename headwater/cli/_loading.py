"""Waiting for the loader, with a line that says how far it is; what it cannot do is said, not raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from headwater.cli import _output
from headwater.cli._progress import Waiting
from headwater.cypher.errors import JournalDamaged

if TYPE_CHECKING:
    from headwater.cypher.backlog import Backlog, CatchUp
    from headwater.cypher.project import Project


def load_pending(project: Project, execution_id: str | None = None) -> CatchUp:
    """Wait until the graph has what the journals have now; a note says so where it cannot be reached.

    Args:
        execution_id: wait for this run alone.
    """
    from headwater.cypher.backlog import catch_up

    waiting = Waiting("loading into the graph")
    try:
        caught = catch_up(project, execution_id=execution_id, progress=lambda left: waiting(_left(left)))
    finally:
        waiting.clear()
    if not caught.complete:
        click.echo(
            f"note: {_left(caught.left)} not in the graph yet: {caught.problem}\n"
            "      Nothing is lost; the next command that reads loads it.",
            err=True,
        )
    return caught


def raise_damage(project: Project, execution_id: str | None = None) -> None:
    """Say, once the answer was given, which journals loading found damaged; each is said once.

    Args:
        execution_id: of this run alone.

    Raises:
        JournalDamaged: the first of them; its text names them all.
    """
    from headwater.cypher.backlog import tell_damages

    found = tell_damages(project, execution_id)
    if found:
        first, *others = found
        error = JournalDamaged(
            str(project.loaded_journals / first.journal), first.offset, first.groups, first.reason
        )
        more = "".join(f"\n  {one.journal}: {one.reason} at byte {one.offset}" for one in others)
        error.args = (f"{error}{more}\nWhat stood there is not in the graph. See: hw verify",)
        raise error


def _left(left: Backlog) -> str:
    return f"{left.journals} run{'s' * (left.journals != 1)}, {_output.size(left.bytes)}"
