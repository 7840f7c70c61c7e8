"""Audit rules: one `.cypher` file each, whose first comment says what it is and whose query gives what is against it.

    // title: Every result of a run has an owner
    // severity: warning
    // why: Somebody has to answer for it.
    // fix: Give the task tags={"owner": "..."}.
    // param days = 90
    MATCH … RETURN message, nodes

A rule's id is its file's name. Rules come from headwater (`cypher/rules`) and from the project (`.headwater/rules`),
which may replace one of headwater's by a file of the same name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from headwater.cypher import queries
from headwater.cypher.alike import most_alike
from headwater.cypher.errors import UsageError
from headwater.cypher.settings import nearest
from headwater.cypher.tokens import SIGN, Token, Unreadable, parameters, tokenize

SHIPPED = queries.FOLDER.with_name("rules")
SUFFIX = ".cypher"
SEVERITIES = ("note", "warning", "error")
FACTS = ("labels", "origins", "tags", "since", "as_of")
"""what a rule may ask for as a parameter beside its own; `headwater.lineage.audit_facts` has it"""
_TEXTS = ("title", "severity", "why", "fix")
PORTIONED = "origins"
"""the fact that a rule may be given in portions"""
_TIMELESS, _EACH = "timeless", "each"
_ID = re.compile(r"[a-z0-9][a-z0-9_.-]*\Z")
_ENTRY = re.compile(r"//\s*(\w+)\s*:\s*(.*?)\s*\Z")
_PARAMETER = re.compile(r"//\s*param\s+(\w+)\s*=\s*(.*?)\s*\Z")


class RuleError(UsageError):
    """A rule that cannot be used; the message names its file and line."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        severity: one of SEVERITIES.
        query: what comes after the comment at the top.
        start: the line of the file on which it begins, from 1.
        parameters: its own parameters with their defaults.
        uses: which of FACTS its query asks for.
        timeless: why its answer is that of then although it does not ask for the moment; empty where it is not.
        each: PORTIONED, where the query looks at each of these by itself: it may be asked with some at a time, and is
            given of each only what it names; otherwise empty.
    """

    id: str
    path: Path
    title: str
    severity: str
    why: str
    fix: str
    query: str
    start: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    uses: frozenset[str] = frozenset()
    timeless: str = ""
    each: str = ""

    @property
    def knows_the_past(self) -> bool:
        """Whether it can be asked as of an earlier time."""
        return "as_of" in self.uses or bool(self.timeless)

    @property
    def is_shipped(self) -> bool:
        return self.path.parent == SHIPPED

    @property
    def return_line(self) -> int:
        """The line of the query, from 1, on which what it returns begins; the first where it has no RETURN."""
        depth, position = 0, 0
        for before, token in pairwise([Token(SIGN, ";", 0), *tokenize(self.query)]):
            if token.kind == SIGN and token.text in "{}":
                depth += 1 if token.text == "{" else -1
            elif token.key == "RETURN" and depth == 0 and before.text != "." and before.key != "AS":
                position = token.position
        return self.query.count("\n", 0, position) + 1

    def wrong(self, what: str, line: int = 1) -> RuleError:
        """An error that names the rule's file and the line.

        Args:
            line: of the query, from 1; of what is missing at its end, the last.
        """
        line = min(line, len(self.query.splitlines()))
        return RuleError(f"{self.path}:{self.start + line - 1}: {what}")


def load_rules(folder: Path, wanted: Sequence[str] = ()) -> list[Rule]:
    """The rules of some ids, or at some paths; without any, all that there are, headwater's and the project's.

    Args:
        folder: where the project's own rules are.

    Raises:
        UsageError: there is no such rule.
        RuleError: a rule is not one.
    """
    files = {path.stem: path for place in (SHIPPED, folder) for path in sorted(place.glob(f"*{SUFFIX}"))}
    chosen = [_chosen(what, files, folder) for what in dict.fromkeys(wanted)] if wanted else files.values()
    return [read_rule(path) for path in chosen]


def _chosen(what: str, files: Mapping[str, Path], folder: Path) -> Path:
    if what in files:
        return files[what]
    path = Path(what)
    if path.suffix == SUFFIX or "/" in what:
        if path.is_file():
            return path
        raise UsageError(f"there is no rule file {what}")
    near = most_alike(what, files, 1)
    hint = f" Did you mean {near[0]}?" if near else f" Rules are: {', '.join(sorted(files))}."
    raise UsageError(f"no rule is called {what}.{hint} Your own are in {folder}")


def read_rule(path: Path) -> Rule:
    """The rule in a file.

    Raises:
        RuleError: it cannot be read, lacks a part, or its query is none.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}:1: the rule cannot be read: {error}") from error
    if not _ID.match(path.stem):
        raise RuleError(f"{path}:1: a rule is named by its file: small letters, digits, - and _")
    head, start = _head(path, text.splitlines())
    parameters = {name: value for name, (value, _) in head.parameters.items()}
    for name in _TEXTS:
        if name not in head.texts:
            raise RuleError(f"{path}:1: the rule says no {name}: write a line `// {name}: …` at its top")
    if head.texts["severity"][0] not in SEVERITIES:
        severity, line = head.texts["severity"]
        raise RuleError(f"{path}:{line}: {severity!r} is no severity.{nearest(severity, SEVERITIES)}")
    texts = {name: value for name, (value, _) in head.texts.items()}
    uses = _parameters_of(path, text, parameters)
    if _EACH in texts and (texts[_EACH] != PORTIONED or PORTIONED not in uses):
        raise RuleError(
            f"{path}:{head.texts[_EACH][1]}: `// {_EACH}: {PORTIONED}` says that a query looks at each of ${PORTIONED} "
            "by itself; of nothing else it can be said, and of no query without them"
        )
    query = "\n".join(text.splitlines()[start - 1 :])
    return Rule(id=path.stem, path=path, query=query, start=start, parameters=parameters, uses=uses, **texts)


@dataclass
class _Head:
    texts: dict[str, tuple[str, int]] = field(default_factory=dict)
    parameters: dict[str, tuple[Any, int]] = field(default_factory=dict)


def _head(path: Path, lines: Sequence[str]) -> tuple[_Head, int]:
    """What the comment at a rule's top says, and the line after it."""
    head = _Head()
    last: str | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if not line.startswith("//"):
            return head, number
        if parameter := _PARAMETER.match(line):
            head.parameters[parameter[1]] = (_json(path, number, parameter[2]), number)
        elif line.startswith("//   ") and last is not None:
            before, at = head.texts[last]
            head.texts[last] = (f"{before} {line[2:].strip()}".strip(), at)
        elif entry := _ENTRY.match(line):
            last = entry[1]
            known = (*_TEXTS, _TIMELESS, _EACH)
            if last not in known:
                raise RuleError(f"{path}:{number}: a rule has no {last!r}.{nearest(last, (*known, 'param'))}")
            head.texts[last] = (entry[2], number)
        elif line.strip("/ "):
            raise RuleError(
                f"{path}:{number}: {line.strip()!r} is none of `// {': …`, `// '.join(_TEXTS)}: …`"
            )
    raise RuleError(f"{path}:{len(lines) or 1}: the rule has no query")


def _json(path: Path, line: int, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise RuleError(f"{path}:{line}: the value of a param is JSON, and {text} is not") from None


def _parameters_of(path: Path, text: str, own: Mapping[str, Any]) -> frozenset[str]:
    """Which facts a query asks for."""
    try:
        tokens = tokenize(text)
    except Unreadable as error:
        line = text.count("\n", 0, error.position) + 1
        raise RuleError(f"{path}:{line}: there is {error.what}") from None
    found = set()
    for token in parameters(tokens):
        if token.text not in own:
            if token.text not in FACTS:
                line = text.count("\n", 0, token.position) + 1
                hint = nearest(token.text, (*FACTS, *own))
                raise RuleError(f"{path}:{line}: there is no parameter ${token.text}.{hint}")
            found.add(token.text)
    return frozenset(found)
