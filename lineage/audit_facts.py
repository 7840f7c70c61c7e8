"""What rules are given as parameters: facts that take a walk through the graph, computed once for all of them.

Each is computed when the first rule asks for it.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from headwater.lineage.datasets import current, datasets_of
from headwater.lineage.flow import Flow
from headwater.lineage.labels import labels
from headwater.lineage.tags import tags_named, tags_since
from headwater.lineage.trace_facts import GraphFacts

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore

_BEGINNING = datetime(1970, 1, 1, tzinfo=timezone.utc)


class AuditFacts:
    """The facts of one audit.

    Attributes:
        since: what began before is left out by the rules that ask for it.
        as_of: the moment at which the store is seen; None for now.
    """

    def __init__(self, store: GraphStore, since: datetime | None) -> None:
        self._store = store
        self._asked = since
        self.since = since or _BEGINNING
        self.as_of: datetime | None = getattr(store, "moment", None)

    @cached_property
    def labels(self) -> list[dict[str, Any]]:
        """Maps of kind, id, dataset, sensitivity, declared, licence, origin: what each dataset reached in the runs."""
        return [label.to_dict() for label in labels(self._store, since=self._asked)]

    @cached_property
    def tags(self) -> list[dict[str, Any]]:
        """Maps of kind, id, key, value: every tag that counts now; of those that runs gave, where `since` is asked for,
        the tags of the runs that are asked about."""
        store, since = self._store, self._asked
        found = tags_named(store) if since is None else tags_since(store, since)
        return [
            {"kind": tag.kind, "id": tag.target, "key": tag.key, "value": tag.value}
            for tag in found
            if tag.is_current
        ]

    @cached_property
    def origins(self) -> list[dict[str, Any]]:
        """Maps of file, path, datasets (names), taken (when last): the files that no recorded call made."""
        taken: dict[str, tuple[str, datetime]] = {}
        for file, path, at in self._store.rows("audit_taken", since=self.since):
            taken[file] = max(taken.get(file, (path, at)), (path, at))
        facts = GraphFacts(self._store)
        makers = facts.makers(taken)
        flow = Flow(facts)
        flow.learn_makers({call for some in makers.values() for call in some})
        outside = [
            file
            for file in taken
            if not any(flow.is_first_maker(call, file) for call in makers.get(file, ()))
        ]
        names = {dataset.id: dataset.name for dataset in current(self._store)}
        belonging = datasets_of(self._store, outside)
        return [
            {
                "file": file,
                "path": taken[file][0],
                "datasets": sorted({names[one] for one in belonging.get(file, ())}),
                "taken": taken[file][1],
            }
            for file in sorted(outside, key=lambda file: (taken[file][0], file))
        ]
