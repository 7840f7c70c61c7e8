"""Which names a code object reads, found in its bytecode.

Bytecode is the truth about scopes: it says which names are global without any rules of ours, and it is there
when the source is not. A read is a root name and the attributes that are taken from it at once:
`pkg.mod.CONST` is ("global", "pkg", ("mod", "CONST")).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from opcode import opmap
from types import CodeType
from typing import Any, NamedTuple

GLOBAL = "global"
"""a global or builtin name"""
CELL = "cell"
"""a variable of the enclosing function"""
IMPORT = "import"
"""an import statement inside the code: root is the module, attrs are the names taken from it"""

BLIND = {
    "eval": "runs code that is made at run time",
    "exec": "runs code that is made at run time",
    "compile": "makes code at run time",
    "__import__": "imports modules by names that are made at run time",
    "globals": "reads globals by names that are made at run time",
}
"""builtin functions behind which nothing is seen, and why"""


class Read(NamedTuple):
    how: str
    root: str
    attrs: tuple[str, ...]
    level: int = 0
    """of a relative import: how many dots"""


_NEWER_GLOBAL = sys.version_info >= (3, 11)
_NEWER_ATTR = sys.version_info >= (3, 12)

_EXTENDED = opmap["EXTENDED_ARG"]
_CACHE = opmap.get("CACHE", -1)
_LOAD_CONST = opmap["LOAD_CONST"]
_LOAD_GLOBAL = opmap["LOAD_GLOBAL"]
_LOAD_ATTR = opmap["LOAD_ATTR"]
_LOAD_METHOD = opmap.get("LOAD_METHOD", -1)
_IMPORT_NAME = opmap["IMPORT_NAME"]
_STORES = {opmap["STORE_NAME"], opmap["STORE_GLOBAL"]}
_BY_NAME = {opmap[name] for name in ("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS") if name in opmap}
_BY_CELL = {
    opmap[name] for name in ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF") if name in opmap
}


class Reads(NamedTuple):
    """What one code object, with those nested in it, reads; without repetitions, in a stable order."""

    reads: tuple[Read, ...]
    names: frozenset[str]
    """every name and attribute that occurs anywhere"""
    stored: frozenset[str]
    """names that class bodies and module-level statements among them assign"""


_cache: dict[int, tuple[CodeType, Reads]] = {}


def reads_of(code: CodeType) -> Reads:
    """The names that a code object reads, those of nested functions, classes and comprehensions included."""
    known = _cache.get(id(code))
    if known is not None and known[0] is code:
        return known[1]
    found: dict[Read, None] = {}
    names: set[str] = set()
    stored: set[str] = set()
    pending = [code]
    while pending:
        one = pending.pop()
        names.update(one.co_names)
        for read in _scan(one, stored):
            found[read] = None
        pending.extend(const for const in one.co_consts if isinstance(const, CodeType))
    result = Reads(tuple(sorted(found)), frozenset(names), frozenset(stored))
    _cache[id(code)] = (code, result)
    return result


def _cell_name(code: CodeType, index: int) -> str:
    if _NEWER_GLOBAL:
        return str(code._varname_from_oparg(index))  # type: ignore[attr-defined]
    return (code.co_cellvars + code.co_freevars)[index]


def _is_put_in(name: str) -> bool:
    """Whether a read is none of the program's own: super() reads the cell of its class in the bytecode of some Pythons
    only; and pytest, in the modules whose asserts it rewrites, reads names that nobody can write."""
    return name == "__class__" or name.startswith("@")


def _scan(code: CodeType, stored: set[str]) -> Iterator[Read]:
    names = code.co_names
    raw = code.co_code
    extended = 0
    how = root = ""
    attrs: list[str] = []
    consts: list[Any] = [None, None]
    for position in range(0, len(raw), 2):
        op = raw[position]
        if op == _CACHE:
            continue
        arg = raw[position + 1] | extended
        if op == _EXTENDED:
            extended = arg << 8
            continue
        extended = 0
        if root and (op in (_LOAD_ATTR, _LOAD_METHOD)):
            attrs.append(names[arg >> 1 if _NEWER_ATTR else arg])
            continue
        if root:
            if not _is_put_in(root):
                yield Read(how, root, tuple(attrs))
            root = ""
            attrs.clear()
        if op == _LOAD_GLOBAL:
            how, root = GLOBAL, names[arg >> 1 if _NEWER_GLOBAL else arg]
        elif op in _BY_NAME:
            how, root = GLOBAL, names[arg]
        elif op in _BY_CELL:
            how, root = CELL, _cell_name(code, arg)
        elif op == _LOAD_CONST:
            consts = [consts[1], code.co_consts[arg]]
        elif op == _IMPORT_NAME:
            level, wanted = consts
            yield Read(IMPORT, names[arg], tuple(wanted or ()), level if isinstance(level, int) else 0)
        elif op in _STORES:
            stored.add(names[arg])
    if root and not _is_put_in(root):
        yield Read(how, root, tuple(attrs))
