"""Writing a change down from the command line: who typed what, and waiting until the graph has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.records import ChangeMade
    from headwater.cypher.store import GraphStore


def new_change(project: Project) -> ChangeMade:
    """A change by whoever typed the command, with nothing in it yet."""
    from headwater.cypher.change import begin_change
    from headwater.engine.redaction import redact

    root = click.get_current_context().find_root()
    return begin_change(project, [root.info_name or "hw", *redact(root.obj, secret=set())])


def write(project: Project, change: ChangeMade) -> None:
    """Write a change into the project's journals and wait until the graph has it; a note says so where it cannot.

    Raises:
        UsageError: the journal cannot be written.
    """
    from headwater.cli._loading import load_pending
    from headwater.cypher.change import write_change

    try:
        write_change(project, change)
    except OSError as error:
        raise UsageError(
            f"nothing was changed: the journal in {project.journals} cannot be written: {error}"
        ) from error
    load_pending(project)


def note_datasets(project: Project) -> None:
    """After a run: as `record_datasets`, but what stands in the way is said, and not raised."""
    from headwater.cli import _output
    from headwater.cypher.errors import HeadwaterError
    from headwater.cypher.store import open_store

    if not _may_declare(project):
        return
    try:
        store = open_store(project)
        try:
            record_datasets(project, store)
        finally:
            store.close()
    except HeadwaterError as error:
        click.echo(_output.one_line(f"note: the datasets are not recorded: {error}"), err=True)


def record_datasets(project: Project, store: GraphStore) -> None:
    """Have the graph say of datasets what the project's file says, where it does not already.

    Raises:
        UsageError: the file cannot be read, or declares what cannot be.
    """
    if not _may_declare(project):
        return
    from headwater.lineage.dataset_sync import changed
    from headwater.lineage.tags import is_empty

    change = changed(project, store, new_change(project))
    if not is_empty(change):
        write(project, change)


def _may_declare(project: Project) -> bool:
    there = (project.datasets_file, project.declared)
    return any(path.exists() for path in there) or project.settings.has_section("datasets")
