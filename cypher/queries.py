"""The named Cypher queries: one file each in `queries/`, with a variant per dialect where the stores differ.

`NAME.cypher` serves both stores; `NAME.neo4j.cypher` and `NAME.local.cypher` serve one. A file begins with `//` lines
that say what it answers and which parameters it takes; they are not sent.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from headwater.cypher.alike import most_alike
from headwater.cypher.errors import InternalError

FOLDER = Path(__file__).with_name("queries")


@cache
def load(name: str, dialect: str) -> str:
    """The text of a named query in a store's dialect.

    Args:
        dialect: "neo4j" or "local".

    Raises:
        InternalError: there is no such query.
    """
    for file in (FOLDER / f"{name}.{dialect}.cypher", FOLDER / f"{name}.cypher"):
        if file.is_file():
            return without_header(file.read_text(encoding="utf-8"))
    near = most_alike(name, names(), n=1)
    raise InternalError(f"no query is named {name!r}" + (f"; did the code mean {near[0]!r}?" if near else ""))


def names() -> list[str]:
    """The names of all queries, sorted."""
    return sorted({file.name.split(".")[0] for file in FOLDER.glob("*.cypher")})


def without_header(text: str) -> str:
    """A Cypher file's text without the comment it begins with."""
    lines = text.splitlines()
    first = next(
        (i for i, line in enumerate(lines) if line.strip() and not line.startswith("//")), len(lines)
    )
    return "\n".join(lines[first:]).strip()
