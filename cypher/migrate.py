"""The graph's schema: numbered migrations, run once each, in order, and recorded in the graph.

A migration is a file `schema/V001__what_it_does.cypher` (or one per dialect, `….neo4j.cypher` and `….local.cypher`) of
statements that end with a semicolon at a line's end. Each statement runs in a transaction of its own and must be
idempotent (`IF NOT EXISTS`, `MERGE`): when two processes start at once, both may run it, and one that was killed
half-way is simply run again. After its statements a migration leaves a `SchemaVersion` node with its version and the
checksum of its text.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.cypher.errors import SchemaError
from headwater.cypher.queries import without_header

if TYPE_CHECKING:
    from headwater.cypher.bolt import BoltStore

FOLDER = Path(__file__).with_name("schema")
_NAME = re.compile(r"V(?P<version>\d{3})__(?P<what>\w+)(\.(?P<dialect>neo4j|local))?\.cypher")


@dataclass(frozen=True)
class Migration:
    """One step of the schema."""

    version: int
    what: str
    statements: tuple[str, ...]
    checksum: str


@cache
def migrations(dialect: str) -> tuple[Migration, ...]:
    """All migrations of a dialect, in order."""
    found = []
    for file in sorted(FOLDER.iterdir()):
        match = _NAME.fullmatch(file.name)
        if match is None or match["dialect"] not in (None, dialect):
            continue
        text = without_header(file.read_text(encoding="utf-8"))
        statements = tuple(part.strip() for part in re.split(r";[ \t]*(?:\n|$)", text) if part.strip())
        checksum = hashlib.sha256("\n".join(statements).encode()).hexdigest()
        found.append(Migration(int(match["version"]), match["what"].replace("_", " "), statements, checksum))
    return tuple(found)


def check_version(store: BoltStore) -> list[Migration]:
    """The migrations that the graph still lacks; one round trip, without waiting.

    Raises:
        SchemaError: the graph's schema is newer than this headwater, or not what its version says.
    """
    known = {step.version: step for step in migrations(store.dialect)}
    applied = dict(store.rows_now("schema_versions"))
    newest = max(applied, default=0)
    if newest > max(known):
        raise SchemaError(
            f"the graph at {store.address} has schema version {newest}, and this headwater knows versions up to "
            f"{max(known)}. It was written by a newer headwater. Type: pip install --upgrade headwater"
        )
    for version, checksum in applied.items():
        if version not in known or known[version].checksum != checksum:
            raise SchemaError(
                f"the graph at {store.address} says that it has schema version {version}, with a content that this "
                "headwater does not know. It was written by another development version; point the project to "
                "another store, or use that version"
            )
    return [step for step in known.values() if step.version not in applied]


def bring_up_to_date(store: BoltStore) -> None:
    """Run the migrations that the graph lacks.

    Raises:
        SchemaError: as of `check_version`.
    """
    for step in check_version(store):
        for statement in step.statements:
            store.run_schema(statement)
        store.write([("record_migration", {"version": step.version, "checksum": step.checksum})])
