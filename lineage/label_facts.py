"""What was asked of the graph once is not asked again: many walks over the same calls, at one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from headwater.lineage.impact_facts import ImpactFacts, JobFact, Touchers
from headwater.lineage.trace_facts import CallFact

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

_T = TypeVar("_T")


class RememberedFacts(ImpactFacts):
    """The facts as a store had them when they were first asked for.

    Args:
        known: facts of that store to share what was asked for with.
    """

    def __init__(self, store: GraphStore, known: RememberedFacts | None = None) -> None:
        super().__init__(store)
        self._known: dict[str, dict[str, Any]] = {} if known is None else known._known

    def calls(self, calls: Iterable[str]) -> dict[str, CallFact]:
        return self._remembered("calls", super().calls, calls)

    def jobs_of(self, calls: Iterable[str]) -> dict[str, list[JobFact]]:
        return self._remembered("jobs_of", super().jobs_of, calls)

    def call_parents(self, calls: Iterable[str]) -> dict[str, list[str]]:
        return self._remembered("call_parents", super().call_parents, calls)

    def touchers(self, files: Iterable[str]) -> dict[str, Touchers]:
        return self._remembered("touchers", super().touchers, files)

    def first_made(self, calls: Iterable[str]) -> dict[str, datetime]:
        return self._remembered("first_made", super().first_made, calls)

    def _remembered(
        self, what: str, ask: Callable[[Iterable[str]], dict[str, _T]], keys: Iterable[str]
    ) -> dict[str, _T]:
        known: dict[str, _T | None] = self._known.setdefault(what, {})
        wanted = set(keys)
        missing = wanted - known.keys()
        if missing:
            known.update(dict.fromkeys(missing))
            known.update(ask(missing))
        return {key: fact for key in wanted if (fact := known[key]) is not None}
