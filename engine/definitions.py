"""What is recorded of a task's definition: its version, and the sources of what counts in its hash.

A constant may be a password, and a helper may hold one. String literals under a name that speaks of a secret, users
and passwords in URLs, and the values of secret environment variables are recorded as `***`. Where that cannot be done
for certain, the source is left out, and its hash is all that is on record.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Any

from headwater.cypher.records import CodeSeen, TaskSeen
from headwater.engine.code import Counted
from headwater.engine.parsing import parsed
from headwater.engine.secrets import Secrets, is_secret_name
from headwater.engine.task import Task

LONGEST = 1 << 16
"""Characters of a helper's source, at most; of a longer one the hash is recorded alone."""

_HIDDEN = b"'***'"
_LONG_NUMBER = 10**5
_URL_LOGIN = re.compile(r"(://)[^/?#\s'\"@]+@")


def definition(task: Task[Any, Any], seen: set[bytes]) -> Iterator[CodeSeen | TaskSeen]:
    """The records of a task's definition: the code that it reads, then itself.

    Args:
        seen: keys of what was recorded before, which is left out; the new ones are added.
    """
    print_ = None if task.version is not None else task.fingerprint
    codes = list(_to_record(print_.counted)) if print_ else []
    new = [one for key, one, _ in codes if key not in seen]
    seen.update(key for key, _, _ in codes)
    yield from (record for _, record in code_records(new))
    yield TaskSeen(
        task.hash,
        task.name,
        task.namespace,
        task.version,
        task.source,
        task.counted_options(),
        [(c.name, c.kind, c.digest_hex) for c in print_.counted] if print_ else [],
        [(u.name, u.reason) for u in print_.uncounted] if print_ else [],
        [key for key, _, _ in codes],
    )


def code_records(counted: Iterable[Counted]) -> Iterator[tuple[bytes, CodeSeen]]:
    """The records of helpers, classes and constants by their keys; of some the source is not to be recorded."""
    secrets = Secrets()
    for key, one, source in _to_record(counted):
        hidden = secrets.hide(source.encode(errors="replace")).decode()
        yield key, CodeSeen(key, one.name, one.kind, one.digest_hex, hidden)


def _to_record(counted: Iterable[Counted]) -> Iterator[tuple[bytes, Counted, str]]:
    """Keys of what counts, and its source as far as it can be kept."""
    for one in counted:
        source = _kept(one.name, one.kind, one.text)
        if source is not None:
            yield code_hash(one.name, one.kind, one.digest_hex), one, source


@lru_cache(maxsize=4096)
def code_hash(name: str, kind: str, digest_hex: str) -> bytes:
    """The key of a helper, class or constant in the graph: 32 bytes over what it is called and what its text is."""
    return sha256(f"CodePart\0{kind}\0{name}\0{digest_hex}".encode(errors="surrogatepass")).digest()


@lru_cache(maxsize=4096)
def _kept(name: str, kind: str, text: str) -> str | None:
    """A source text without the secrets that are written in it; None where it cannot be kept."""
    if len(text) > LONGEST:
        return None
    hidden = _URL_LOGIN.sub(r"\1***@", text)
    own = is_secret_name(name.rpartition(".")[2])
    if not own and not is_secret_name(hidden):
        return hidden
    try:
        tree = parsed(hidden)
        whole = own and kind not in ("function", "class")
        found = list(_literals(tree) if whole else _secret_literals(tree))
        return _without(hidden, found)
    except (SyntaxError, ValueError):
        return None


def _secret_literals(tree: ast.AST) -> Iterator[ast.expr]:
    """The literals that stand under a name which speaks of a secret: assigned, passed, compared, in a dict."""
    found: dict[int, ast.expr] = {}
    pending = [tree]
    while pending:
        node = pending.pop()
        secret = [value for names, value in _named_values(node) if value and any(map(is_secret_name, names))]
        for value in secret:
            found.update((id(literal), literal) for literal in _literals(value))
        inner = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.JoinedStr):
            # Before Python 3.12 nothing in it has a place of its own.
            if any(True for one in inner for _ in _secret_literals(one)):
                found[id(node)] = node
        else:
            pending.extend(one for one in inner if id(one) not in found)
    yield from found.values()


def _named_values(node: ast.AST) -> Iterator[tuple[list[str], ast.expr | None]]:
    if isinstance(node, ast.Assign):
        yield [name for target in node.targets for name in _names(target)], node.value
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        yield list(_names(node.target)), node.value
    elif isinstance(node, ast.keyword):
        yield [node.arg or ""], node.value
    elif isinstance(node, ast.Call):
        for argument in node.args:
            yield list(_names(node.func)), argument
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield list(_names(key)), value
    elif isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        for one in sides:
            for other in sides:
                if other is not one:
                    yield list(_names(one)), other
    elif isinstance(node, ast.arguments):
        plain = [*node.posonlyargs, *node.args]
        for parameter, default in zip(reversed(plain), reversed(node.defaults), strict=False):
            yield [parameter.arg], default
        for parameter, kw_default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
            yield [parameter.arg], kw_default


def _names(target: ast.expr | None) -> Iterator[str]:
    """What a target or a key is called."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Attribute):
        yield target.attr
    elif isinstance(target, ast.Constant):
        yield str(target.value)
    elif isinstance(target, ast.Subscript):
        yield from _names(target.slice)
        yield from _names(target.value)
    elif isinstance(target, ast.Starred):
        yield from _names(target.value)
    elif isinstance(target, ast.Tuple | ast.List):
        for one in target.elts:
            yield from _names(one)


def _literals(value: ast.AST) -> Iterator[ast.expr]:
    """Strings, bytes and long numbers."""
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and _may_be_secret(node.value)):
            yield node
        else:
            pending.extend(ast.iter_child_nodes(node))


def _may_be_secret(value: object) -> bool:
    return isinstance(value, str | bytes) or (isinstance(value, int) and value >= _LONG_NUMBER)


def _without(text: str, literals: list[ast.expr]) -> str:
    """A text with `'***'` in place of each literal. Offsets of the parser are in bytes."""
    raw = text.encode()
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for literal in sorted(literals, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        assert literal.end_lineno is not None
        assert literal.end_col_offset is not None
        begin = starts[literal.lineno - 1] + literal.col_offset
        end = starts[literal.end_lineno - 1] + literal.end_col_offset
        raw = raw[:begin] + _HIDDEN + raw[end:]
    return raw.decode()
