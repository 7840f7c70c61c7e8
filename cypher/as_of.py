"""A graph store as it was at a moment: what was recorded later is not there.

The queries whose answers time changes say so themselves, with their parameter `$as_of`: a run or a job is there from
when it began, a call, a version of a task or a file from when the first job with it had ended. All else in the graph
hangs on hashes of what it is, and never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import StoreError

if TYPE_CHECKING:
    from headwater.cypher.answers import Graph, Plan, Table
    from headwater.cypher.store import GraphStore


class AsOf:
    """A store that is only read, as it was at a moment by the clocks of the machines that recorded."""

    def __init__(self, store: GraphStore, moment: datetime) -> None:
        self._store = store
        self._moment = moment

    @property
    def dialect(self) -> str:
        return self._store.dialect

    @property
    def address(self) -> str:
        return self._store.address

    @property
    def moment(self) -> datetime:
        return self._moment

    def check(self) -> None:
        self._store.check()

    def rows(self, query: str, /, **params: Any) -> list[tuple[Any, ...]]:
        return self._store.rows(query, **{"as_of": self._moment, **params})

    def each(self, query: str, take: Callable[[tuple[Any, ...]], None], /, **params: Any) -> None:
        self._store.each(query, take, **{"as_of": self._moment, **params})

    def write(self, statements: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[tuple[Any, ...]]]:
        raise StoreError("nothing is written into the past")

    def ask(self, text: str, params: Mapping[str, Any], *, timeout: float, limit: int) -> Table:
        return self._store.ask(text, {"as_of": self._moment, **params}, timeout=timeout, limit=limit)

    def ask_graph(self, text: str, params: Mapping[str, Any], *, timeout: float, limit: int) -> Graph:
        return self._store.ask_graph(text, {"as_of": self._moment, **params}, timeout=timeout, limit=limit)

    def explain(self, text: str, params: Mapping[str, Any], *, timeout: float) -> Plan:
        return self._store.explain(text, {"as_of": self._moment, **params}, timeout=timeout)

    def close(self) -> None:
        self._store.close()
