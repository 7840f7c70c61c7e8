"""What the statements at the top level of a module may change: objects that names stand for, without binding the names.

`TABLE.append(5)`, `fill(TABLE)`, `list.append(TABLE, 5)`, `helpers.LIMIT = 5`, and the same through another name. What
a statement may change, and what it makes another name stand for, is told by its source alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from headwater.engine.code_bindings import DEFINITION, Nodes, blocks, bound_by, heads

SETTING = "__setattr__"
"""the method that stands for `setattr(f, "limit", 5)` and `delattr`, of their first argument"""
_SETTERS = (("setattr",), ("delattr",))
_LOOP = (ast.For, ast.While)
Path = tuple[str, ...]
"""A name, and the attributes that are taken from it at once."""


class Change(NamedTuple):
    """An object that a statement may change."""

    path: Path
    via: tuple[Path, ...] = ()
    """the functions that it is handed to, the outer ones first; empty where the statement itself changes it"""
    method: str = ""
    """the method of it that is called"""
    binds: bool = False
    """whether it gives the last name of the path, where the rest of it is a module, another value"""


class Step(NamedTuple):
    """What one statement, or what a compound one evaluates before its blocks, may do."""

    nodes: Nodes
    """as in Binding: it stands last, after what decides about the blocks around it"""
    changes: tuple[Change, ...]
    calls: tuple[Path, ...]
    binds: frozenset[str]
    often: frozenset[str]
    """those of the names that a loop may bind more than once"""
    mentions: frozenset[Path]
    """what the names that it binds, and the objects that it changes, may be or hold afterwards"""


def steps_in(body: Sequence[ast.stmt], within: Nodes = (), *, loop: bool = False) -> Iterator[Step]:
    """What the statements of a block, which may be that of a loop, may change: of blocks and classes in it, too."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, DEFINITION):
            for head in _evaluated_by(node):
                yield _step((*within, head), [head], (), decorator=head in node.decorator_list)
            if isinstance(node, ast.ClassDef):
                own = frozenset(name for inner in steps_in(node.body) for name in inner.binds)
                yield from (_without(own, inner) for inner in steps_in(node.body, within))
            continue
        parts = list(heads(node))
        bound = [name for name, _, _ in bound_by(node)] if isinstance(node, ast.Match) else []
        if isinstance(node, ast.With):
            parts += [item.optional_vars for item in node.items if item.optional_vars is not None]
        if parts:
            yield _step((*within, *heads(node)), parts, bound, loop=loop or isinstance(node, _LOOP))
        for deciding, block in blocks(node):
            yield from steps_in(block, within + deciding, loop=loop or isinstance(node, _LOOP))


def _evaluated_by(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[ast.expr]:
    """The expressions that a definition evaluates."""
    if isinstance(node, ast.ClassDef):
        bases = (base.value if isinstance(base, ast.Starred) else base for base in node.bases)
        return [*node.decorator_list, *bases, *(keyword.value for keyword in node.keywords)]
    defaults = [*node.args.defaults, *node.args.kw_defaults]
    return [*node.decorator_list, *(one for one in defaults if one is not None)]


def changed_by(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Step:
    """What a function does to objects that names outside it stand for, as one step; `binds`: names that it declares
    `global`."""
    steps = list(steps_in(function.body))
    arguments = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
    declared = {name for one in ast.walk(function) if isinstance(one, ast.Global) for name in one.names}
    bound = frozenset().union(*(step.binds for step in steps))
    local = (bound | arguments) - declared
    outside = {path for step in steps for path in step.mentions if path[0] not in local}
    found = [change for step in steps for change in step.changes if change.path[0] not in local]
    for path in sorted(outside):
        names = _also_called(path, steps, local)
        found += [
            Change(path, change.via) for step in steps for change in step.changes if change.path[0] in names
        ]
    calls = tuple(dict.fromkeys(call for step in steps for call in step.calls if call[0] not in local))
    return Step(
        (function,), tuple(dict.fromkeys(found)), calls, bound & declared, bound & declared, frozenset()
    )


def _also_called(path: Path, steps: Sequence[Step], local: frozenset[str] | set[str]) -> set[str]:
    """The local names that may stand for what a path leads to."""
    names: set[str] = set()
    while True:
        more = {
            name
            for step in steps
            if any(one == path or one[0] in names for one in step.mentions)
            for name in written(step)
            if name in local
        }
        if more <= names:
            return names
        names |= more


def written(step: Step) -> frozenset[str]:
    """The names that may stand for, or hold, what a step mentions."""
    return step.binds | {change.path[0] for change in step.changes}


def _step(
    nodes: Nodes,
    parts: Sequence[ast.AST],
    bound: Sequence[str],
    *,
    loop: bool = False,
    decorator: bool = False,
) -> Step:
    changes: list[Change] = []
    calls: list[Path] = []
    names, often, augmented = set(bound), set[str](), set[ast.expr]()
    for part in parts:
        if decorator:
            changes += _receiver(part)
            calls += filter(None, [_dotted(part)])
        for one in _evaluated(part):
            if isinstance(one, ast.Call):
                changes += _receiver(one.func)
                callee = _dotted(one.func)
                if callee:
                    calls.append(callee)
                for argument in (*one.args, *(keyword.value for keyword in one.keywords)):
                    method = SETTING if callee in _SETTERS and argument is one.args[0] else ""
                    for path, via in _paths(argument):
                        changes.append(Change(path, (_called(one.func), *via), method if not via else ""))
                        calls.append(path)  # it may be a function, which is called there
            elif isinstance(one, ast.Attribute | ast.Subscript) and not isinstance(one.ctx, ast.Load):
                path = _dotted(one)
                changes += (
                    [Change(path, binds=True)] if path else [Change(found) for found, _ in _paths(one.value)]
                )
            elif isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
                changes.append(Change((one.target.id,)))
                augmented.add(one.target)
            elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store) and one not in augmented:
                names.add(one.id)
            elif isinstance(one, ast.comprehension):
                often |= {name.id for name in ast.walk(one.target) if isinstance(name, ast.Name)}
    mentions = frozenset(path for part in parts for path, _ in _paths(part))
    return Step(
        nodes,
        tuple(dict.fromkeys(changes)),
        tuple(dict.fromkeys(calls)),
        frozenset(names),
        frozenset(names if loop else often),
        mentions,
    )


def _without(names: frozenset[str], step: Step) -> Step:
    return step._replace(
        changes=tuple(change for change in step.changes if change.path[0] not in names),
        binds=frozenset(),
        often=frozenset(),
        mentions=frozenset(path for path in step.mentions if path[0] not in names),
    )


def _receiver(called: ast.AST) -> list[Change]:
    """What the method belongs to that is called."""
    if not isinstance(called, ast.Attribute):
        return []
    path = _dotted(called.value)
    return [Change(path, method=called.attr)] if path else [Change(one) for one, _ in _paths(called.value)]


def _called(function: ast.expr) -> Path:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Constant | ast.JoinedStr):
        return ("str",)  # ", ".join(NAMES)
    return _dotted(function) or ("",)


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in a statement that runs with it: not the bodies of lambdas."""
    pending = [node]
    while pending:
        one = pending.pop()
        yield one
        pending.extend(reversed([one.args] if isinstance(one, ast.Lambda) else list(_children(one))))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for field, value in ast.iter_fields(node):
        if field != "annotation":
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, ast.AST):
                    yield one


def _paths(node: ast.AST, via: tuple[Path, ...] = ()) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    """The paths that an expression reads, each with the functions that it goes through on the way to its value. The
    name of a function that is called is none."""
    pending: list[tuple[ast.AST, tuple[Path, ...]]] = [(node, via)]
    while pending:
        one, way = pending.pop()
        path = _dotted(one)
        if path:
            if not isinstance(getattr(one, "ctx", None), ast.Store):
                yield path, way
        elif isinstance(one, ast.Call):
            if isinstance(one.func, ast.Attribute):
                pending.append((one.func.value, way))
            elif not isinstance(one.func, ast.Name):
                pending.append((one.func, way))
            inner = (*way, _called(one.func))
            pending += [(argument, inner) for argument in (*one.args, *one.keywords)]
        elif not isinstance(one, ast.Compare | ast.JoinedStr):  # whose values hold nothing
            pending += [(child, way) for child in _children(one)]


def _dotted(node: ast.AST) -> Path:
    attrs: list[str] = []
    while isinstance(node, ast.Attribute):
        attrs.append(node.attr)
        node = node.value
    return (node.id, *reversed(attrs)) if isinstance(node, ast.Name) else ()
