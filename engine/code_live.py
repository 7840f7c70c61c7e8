"""Which of several statements for a name gave it the value that it has.

Conditions are not evaluated again for it: the value is asked where it came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from types import FunctionType
from typing import NamedTuple

from headwater.engine.code_bindings import Binding, bindings_in
from headwater.engine.code_held import is_own_code
from headwater.engine.code_reads import reads_of
from headwater.engine.code_scope import MISSING, is_immutable
from headwater.engine.code_source import SourceFile
from headwater.engine.code_text import stable
from headwater.engine.values.attributes import asked

INSTEAD = "instead"
"""none of its statements did: the value itself counts"""
MEMBERS = "members"
"""a class, of which what it holds counts beside its statements"""
_REPLACED = "replaced when the program runs, by what is not written in its module"
_UNKNOWN = "several statements give it its value, under conditions: they count, but not which of them did"


class Live(NamedTuple):
    """How a value counts beside the statements for its name."""

    how: str = ""
    """INSTEAD, MEMBERS, or what counts; nothing where the statements tell all"""
    note: str = ""
    """why that is not all"""


def live(source: SourceFile, bindings: Sequence[Binding], value: object, module: str, name: str) -> Live:
    """What a name's value says of its statements (imports left out)."""
    several = len(bindings) > 1 and any(binding.perhaps for binding in bindings)
    if value is MISSING:
        return Live("not there") if any(binding.perhaps for binding in bindings) else Live()
    if isinstance(value, type):
        if (value.__module__, value.__qualname__) != (module, name):
            return Live(INSTEAD) if is_own_code(value) else Live()
        statements = [one for binding in bindings if binding.kind == "class" for one in binding.nodes[-1:]]
        return Live(MEMBERS) if several or any(map(_varies, statements)) else Live()
    func = _function_under(value, source)
    plain = all(binding.kind == "function" and not _decorated(binding) for binding in bindings)
    if func is not None:
        made = _statement_of(func, source, bindings)
        if made is not None:
            return Live() if made == len(bindings) - 1 else Live(f"statement {made}")
        if several or plain or any(binding.kind == "constant" for binding in bindings):
            return Live(INSTEAD, _REPLACED if plain else "")
        return Live()
    if plain and not several:
        return Live(INSTEAD, _REPLACED)
    if several and is_immutable(value):
        return Live(hashlib.sha256(stable(value).encode(errors="surrogatepass")).hexdigest())
    return Live("", _UNKNOWN if several else "")


def goes_on_with(source: SourceFile, name: str, statements: Sequence[Binding]) -> bool:
    """Whether what binds a name takes what the name stood for before: `LIMIT += 1`, `f = cached(f)`."""
    return any(
        read.root == name
        for binding in statements
        if binding.kind == "constant"
        for node in binding.nodes[-1:]
        for read in reads_of(source.code(node)).reads
    )


def _varies(statement: object) -> bool:
    """Whether the body of a class has a name twice, and a condition about it."""
    found: dict[str, list[Binding]] = {}
    for name, binding in bindings_in(getattr(statement, "body", ())):
        found.setdefault(name, []).append(binding)
    return any(binding.perhaps for bindings in found.values() for binding in bindings)


def _decorated(binding: Binding) -> bool:
    return bool(getattr(binding.nodes[-1], "decorator_list", ()))


def _function_under(value: object, source: SourceFile) -> FunctionType | None:
    """The function that a value is, or that it was put around."""
    found: FunctionType | None = None
    seen = 0
    while seen < 100:
        seen += 1
        if isinstance(value, FunctionType):
            found = value
        under = (asked(value, "__dict__") or {}).get("__wrapped__")
        if under is None:
            break
        value = under
    return found


def _statement_of(func: FunctionType, source: SourceFile, bindings: Sequence[Binding]) -> int | None:
    """The place of the statement that a function was made by."""
    if func.__code__.co_filename != source.name:
        return None
    line = func.__code__.co_firstlineno
    for place, binding in enumerate(bindings):
        node = binding.nodes[-1]
        starts = [one.lineno for one in (node, *getattr(node, "decorator_list", ()))]
        if min(starts) <= line <= (node.end_lineno or 0):  # type: ignore[attr-defined]
            return place
    return None
