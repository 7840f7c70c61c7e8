"""What every reading command begins with: the project, its store, and the loader caught up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore
    from headwater.lineage.resolve import Found


def the_project() -> Project:
    """The project of the current folder.

    Raises:
        UsageError: there is none.
    """
    from headwater.cypher.project import FOLDER, find_project

    project = find_project()
    if project is None:
        raise UsageError(
            f"{Path.cwd()} is not in a project: neither it nor a folder above it has a {FOLDER} folder. "
            "Type `hw init` to make one, or change to a project's folder."
        )
    return project


@contextmanager
def reading(*, as_of: str | None = None, raise_damage: bool = True) -> Iterator[GraphStore]:
    """The project's store, holding everything that was recorded until now.

    Args:
        as_of: the time, or the run at whose end, the store is to be seen as it was then.
        raise_damage: whether to raise what loading found of damaged journals.

    Raises:
        UsageError: not in a project; there is no such time or run.
        StoreError: the store cannot be used.
        JournalDamaged: on leaving, where loading met a journal that is damaged; the graph has its intact part.
    """
    from headwater.cli import _loading
    from headwater.cypher.garbage import keep_for_good
    from headwater.cypher.store import open_store

    project = the_project()
    store = open_store(project)
    try:
        _loading.load_pending(project)
        _load_seals(project, store)
        keep_for_good()
        yield store if as_of is None else _as_it_was(store, as_of)
    finally:
        store.close()
    if raise_damage:
        _loading.raise_damage(project)


def _load_seals(project: Project, store: GraphStore) -> None:
    """Give the graph the seals that were made while it was away."""
    if any(project.journals.glob("*.seal")):  # a fresh clone of a project has no such folder
        from headwater.lineage.seals.files import load_seals

        load_seals(project, store)


def _as_it_was(store: GraphStore, as_of: str) -> GraphStore:
    from datetime import datetime, timezone

    from headwater.cli._times import Moment
    from headwater.cypher.as_of import AsOf
    from headwater.lineage import log

    try:
        return AsOf(store, Moment().convert(as_of, None, None))
    except click.BadParameter as error:
        try:
            found = find(store, as_of)
        except UsageError:
            raise UsageError(f"--as-of {as_of}: no run, and {error.message}") from None
    view = log.execution(store, found.id, limit=0) if found.kind == "execution" else None
    if view is None:
        raise UsageError(f"--as-of {as_of}: a {found.kind}. Name a time, or a run: hw log")
    return AsOf(store, view.execution.finished or datetime.now(timezone.utc))


VALUE = "value:"


def by_hash(found: Found, what: str) -> bool:
    """Whether WHAT is the beginning of the id that was found, rather than a name or a path of it."""
    return found.id.startswith(what.lower())


def _otherwise_now(store: GraphStore, found: Found, what: str) -> dict[str, Any] | None:
    """How what is at a path now is, where that was never recorded, which a note says. None where it was, or where the
    past is asked."""
    from headwater.cli import _output
    from headwater.engine.files import identify, still_valid

    if found.kind != "file" or by_hash(found, what) or store.moment is not None:
        return None
    [(file, path, evidence, digest, size)] = store.rows("trace_file", file=found.id)
    if still_valid(path, evidence, digest):
        return None

    def told(size: int | None, evidence: str, digest: str) -> str:
        return f"{'' if size is None else f'{_output.size(size)}, '}{evidence} {digest}"

    try:
        now = identify(path)
    except OSError as error:
        answer: dict[str, Any] = {"evidence": "unreadable", "digest": str(error), "size": None}
        there = f"it cannot be looked at: {error}"
    else:
        answer = {"evidence": now.evidence, "digest": now.digest, "size": now.size}
        missing = now.evidence == "missing"
        there = "no file is there now" if missing else f"now it is {told(now.size, now.evidence, now.digest)}"
    note = (
        f"note: {path} is not what was recorded ({there}). Meant is the content that a call took or returned last: "
        f"{file[:12]}, {told(size, evidence, digest)}"
    )
    click.echo(_output.one_line(note), err=True)
    return answer


def find(store: GraphStore, what: str, *, every_content: bool = False) -> Found:
    """What a person means by WHAT; of a file with several recorded contents, the one that is there now. Where that is
    none of them, a note says so.

    `value:EXPR` is the recorded value that equals a Python literal; all else is as in `lineage.resolve`.

    Args:
        every_content: of a file, all contents are meant, whatever is there now.

    Raises:
        UsageError: nothing, or more than one thing.
    """
    found = _found(store, what)
    if not every_content:
        _otherwise_now(store, found, what)
    return found


def find_now(store: GraphStore, what: str) -> tuple[Found, dict[str, Any] | None]:
    """The same, with how what is at a path now is, where that was never recorded: `evidence`, `digest` and `size`."""
    found = _found(store, what)
    return found, _otherwise_now(store, found, what)


def _found(store: GraphStore, what: str) -> Found:
    from headwater.engine.files import still_valid
    from headwater.lineage.resolve import resolve

    moment = store.moment
    try:
        if what.startswith(VALUE):
            return _find_value(store, what.removeprefix(VALUE))
        # What is on disk now says nothing of what was meant then.
        return resolve(store, what, still_valid=still_valid if moment is None else None)
    except UsageError as error:
        if moment is None:
            raise
        raise UsageError(f"{error} (asked as of {moment:%Y-%m-%dT%H:%M:%SZ})") from None


def _find_value(store: GraphStore, text: str) -> Found:
    import ast

    from headwater.cli import _output
    from headwater.engine.values import hash_value
    from headwater.lineage.resolve import resolve

    try:
        value = ast.literal_eval(text.strip())
        digest = hash_value(value).hex()
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise UsageError(
            f"{VALUE}{_output.one_line(text)} is no Python literal. Examples: value:42, \"value:'Bob'\", "
            '"value:[1, 2.5]". Other values have a hash to begin with: hw log'
        ) from None
    try:
        return resolve(store, digest)
    except UsageError:
        raise UsageError(
            f"no {type(value).__name__} equal to {_output.one_line(text)} was recorded. "
            "(1, 1.0 and True are three values, and so are a list and a tuple.)"
        ) from None
