"""What rules are given as parameters: facts that take a walk through the graph, computed once for all of them.

Each is computed when the first rule asks for it, or, for a rule that looks at each origin by itself, in portions.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from headwater.lineage.audit_origins import BEGINNING, origins
from headwater.lineage.labels import labels
from headwater.lineage.tags import tags_named, tags_since

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore


class AuditFacts:
    """The facts of one audit.

    Attributes:
        since: what began before is left out by the rules that ask for it.
        as_of: the moment at which the store is seen; None for now.
    """

    def __init__(self, store: GraphStore, since: datetime | None) -> None:
        self._store = store
        self._asked = since
        self.since = since or BEGINNING
        self.as_of = store.moment

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
        return [one for portion in origins(self._store, self._asked) for one in portion]

    def portions_of_origins(self) -> Iterator[list[dict[str, Any]]]:
        """The same in portions, of which no more than one is held, and one at least, if only an empty one."""
        return iter([self.origins]) if "origins" in self.__dict__ else origins(self._store, self._asked)
