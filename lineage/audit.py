"""Running rules against the graph: what is against them, one finding a row.

A rule's query runs through the same guard as a person's own (`headwater.cypher.guard`), with a limit of time and rows.
Its columns are `message`, `nodes` (a list of KIND:KEY) and, if it likes, `path` (of the file that it is about).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwater.cypher.errors import QueryRefused, StoreError, StoreRefused, StoreUnavailable, UsageError
from headwater.cypher.garbage import few_collections
from headwater.lineage.audit_facts import AuditFacts
from headwater.lineage.audit_fingerprints import fingerprints
from headwater.lineage.rules import Rule

if TYPE_CHECKING:
    from pathlib import Path

    from headwater.cypher.answers import Table
    from headwater.cypher.store import GraphStore

KINDS = ("execution", "job", "task", "call", "value", "file", "dataset", "tag")
"""of nodes that a finding may name"""
MOST = 10_000
"""findings of one rule, at most"""
_NEEDED, _ALLOWED = {"message", "nodes"}, {"message", "nodes", "path"}
_PLACE = re.compile(r"refused at (\d+):(\d+): ")
_LINE = re.compile(r"\bline (\d+)")
_NAME = re.compile(r"\w+")
_Found = tuple[str, tuple[str, ...], "str | None"]


@dataclass(frozen=True)
class Finding:
    """Something that is against a rule.

    Attributes:
        nodes: what it concerns, as KIND:KEY.
        path: the file that it is about, or None.
        known: whether a baseline has it.
        fingerprint: what stays the same when the same thing is found again (`audit_fingerprints`).
    """

    rule: Rule
    message: str
    nodes: tuple[str, ...]
    path: str | None
    known: bool
    fingerprint: str


@dataclass
class Audit:
    """The rules that were looked at, in order, and what was found, by rule."""

    rules: list[Rule] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    truncated: list[str] = field(default_factory=list)
    """ids of the rules of which only the first MOST findings are here"""

    def counts(self) -> dict[str, int]:
        """The number of new findings by severity."""
        found: dict[str, int] = {}
        for finding in self.findings:
            if not finding.known:
                found[finding.rule.severity] = found.get(finding.rule.severity, 0) + 1
        return found


@few_collections()
def audit(
    store: GraphStore,
    rules: Sequence[Rule],
    facts: AuditFacts,
    *,
    parameters: Mapping[str, Any] | None = None,
    timeout: float,
    progress: Callable[[Rule], None] | None = None,
    root: Path | None = None,
) -> Audit:
    """What in the graph is against some rules.

    Args:
        parameters: values for the rules' own parameters, in place of their defaults.
        timeout: seconds that each rule may take.
        progress: called before each rule.
        root: the project's folder, from which fingerprints see paths.

    Raises:
        RuleError: a rule's query cannot be run, takes too long, or does not give what a rule has to; or the store is
            seen as of an earlier time, and a rule does not ask for it.
        UsageError: no rule has a parameter of that name.
        StoreError: the store cannot be asked.
    """
    given = dict(parameters or {})
    for name in given:
        if not any(name in rule.parameters for rule in rules):
            known = sorted({one for rule in rules for one in rule.parameters})
            raise UsageError(f"no rule here has a parameter {name}. There are: {', '.join(known) or 'none'}")
    if facts.as_of is not None:
        for rule in rules:
            if not rule.knows_the_past:
                raise rule.wrong(
                    "the rule would answer as of now: its query does not ask for $as_of. Have it leave out what is "
                    "later (WHERE $as_of IS NULL OR e.started <= $as_of), say `// timeless: …` at its top where time "
                    "changes nothing, or name the rules that are to be asked"
                )
    result = Audit(list(rules))
    found: list[tuple[Rule, _Found]] = []
    paths: dict[str, str] = {}
    for rule in rules:
        if progress is not None:
            progress(rule)
        values: dict[str, Any] = {name: given.get(name, value) for name, value in rule.parameters.items()}
        values |= {name: getattr(facts, name) for name in sorted(rule.uses - {rule.each})}
        some, truncated = _found_by(store, rule, _portions(rule, values, facts), timeout, paths)
        found += [(rule, one) for one in some]
        result.truncated += [rule.id] if truncated else []
    parts = [(rule.id, message, nodes) for rule, (message, nodes, _) in found]
    known_by = fingerprints(store, parts, root, paths=paths)
    result.findings = [
        Finding(rule, *one, known=False, fingerprint=fingerprint)
        for (rule, one), fingerprint in zip(found, known_by, strict=True)
    ]
    return result


def _portions(rule: Rule, values: dict[str, Any], facts: AuditFacts) -> Iterator[dict[str, Any]]:
    """What a rule is asked with: once, or again for each portion of what it looks at one by one. Of these it is given
    what its query names: a time alone costs more than all else that is sent."""
    if not rule.each:
        yield values
        return
    named = set(_NAME.findall(rule.query))
    for portion in facts.portions_of_origins():
        yield values | {rule.each: [{k: v for k, v in one.items() if k in named} for one in portion]}


def _found_by(
    store: GraphStore, rule: Rule, asked: Iterable[dict[str, Any]], timeout: float, paths: dict[str, str]
) -> tuple[list[_Found], bool]:
    """What a rule found, in a stable order, and whether there is more. `paths` is told the paths of the files in it, by
    their nodes, that the rule was given."""
    found: dict[_Found, None] = {}
    rows, left, truncated = 0, timeout, False
    for values in asked:
        began = time.monotonic()
        table = _asked(store, rule, values, timeout, left=left, limit=MOST - rows)
        # What is left of nothing is little, so that the store says what it says of a query that takes too long.
        left = max(left - (time.monotonic() - began), 0.001)
        rows += len(table.rows)
        some = dict.fromkeys(_findings(rule, table))
        found |= some
        given = {
            f"file:{one['file']}": one["path"]
            for one in values.get(rule.each, ())
            if "file" in one and "path" in one
        }
        paths |= {node: given[node] for _, nodes, _ in some for node in nodes if node in given}
        if truncated := table.truncated:
            break
    return sorted(found, key=lambda one: (one[2] or "", one[0], one[1])), truncated


def _asked(
    store: GraphStore, rule: Rule, values: dict[str, Any], timeout: float, *, left: float, limit: int
) -> Table:
    """What a rule's query answers, if it is that of a rule. `left` is what is left of the timeout."""
    try:
        table = store.ask(rule.query, values, timeout=left, limit=limit)
    except QueryRefused as error:
        place = _PLACE.search(str(error))
        what = str(error)[place.end() :] if place else str(error)
        raise rule.wrong(f"the rule does more than read: {what}", int(place[1]) if place else 1) from error
    except (StoreUnavailable, StoreRefused):
        raise
    except UsageError as error:
        line = _LINE.search(str(error))
        raise rule.wrong(str(error), int(line[1]) if line else 1) from error
    except StoreError as error:
        raise rule.wrong(f"the rule could not be looked at within {timeout:g} s: {error}") from error
    columns = set(table.columns)
    if not columns >= _NEEDED or columns - _ALLOWED:
        raise rule.wrong(
            f"a rule returns message and nodes, and path if it likes; this one returns {', '.join(table.columns)}",
            rule.return_line,
        )
    return table


def _findings(rule: Rule, table: Table) -> Iterator[_Found]:
    """The message, the nodes and the path of each row."""
    places = [table.columns.index(name) for name in ("message", "nodes")]
    path_at = table.columns.index("path") if "path" in table.columns else None
    for row in table.rows:
        message, nodes = (row[at] for at in places)
        path = None if path_at is None else row[path_at]
        if not isinstance(message, str) or not message:
            raise rule.wrong(f"message is a text in every row, and {message!r} is none", rule.return_line)
        if not isinstance(nodes, (list, tuple)) or not nodes or not all(map(_is_node, nodes)):
            what = f"nodes is a list of KIND:KEY, with a kind of {', '.join(KINDS)}; {nodes!r} is none"
            raise rule.wrong(what, rule.return_line)
        if path is not None and not isinstance(path, str):
            raise rule.wrong(f"path is a text or null, and {path!r} is neither", rule.return_line)
        yield message, tuple(nodes), path


def _is_node(node: Any) -> bool:
    if not isinstance(node, str):
        return False
    kind, colon, key = node.partition(":")
    return kind in KINDS and bool(colon and key)
