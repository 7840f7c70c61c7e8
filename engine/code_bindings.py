"""What binds the names of a module, or of a class: every form of statement, with what decides whether it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Nodes = tuple[ast.AST, ...]
DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_TRY = (ast.Try, getattr(ast, "TryStar", ast.Try))
_TYPING = ("typing", "typing_extensions")
_CHECKING = "TYPE_CHECKING"


@dataclass(frozen=True)
class Binding:
    """One statement that binds a name.

    Attributes:
        kind: "function", "class", "constant" or "import".
        nodes: what counts: the statement last, and before it what decides about the blocks it stands in.
        module, attr, level: of an import: `from ..module import attr`; attr is None for `import module`.
        perhaps: whether it stands in a block that may not run.
    """

    kind: str
    nodes: Nodes
    module: str = ""
    attr: str | None = None
    level: int = 0
    perhaps: bool = False


def bindings_in(
    body: Sequence[ast.stmt],
    within: Nodes = (),
    perhaps: bool = False,
    never: frozenset[str] = frozenset(),
) -> Iterator[tuple[str, Binding]]:
    """Each name that a block binds, with the statement; a star import under the name `*`.

    Args:
        never: conditions, as text, whose blocks do not run.
    """
    for node in body:
        for name, kind, nodes in bound_by(node):
            yield name, Binding(kind, (*within, *nodes), perhaps=perhaps)
        for name, module, attr, level in _imported_by(node):
            yield name, Binding("import", within, module, attr, level, perhaps)
        if not isinstance(node, DEFINITION):
            skipped = _skipped(node, never) if never and isinstance(node, ast.If) else None
            for deciding, block in blocks(node):
                if block is not skipped:
                    yield from bindings_in(
                        block, within + deciding, perhaps or not isinstance(node, ast.For | ast.While), never
                    )


def _skipped(node: ast.If, never: frozenset[str]) -> list[ast.stmt] | None:
    """The block of an `if` that does not run, where that is known."""
    holds = known(node.test, dict.fromkeys(never, False))
    return None if holds is None else node.orelse if holds else node.body


def known(test: ast.expr, given: Mapping[str, bool]) -> bool | None:
    """What a condition comes to, where its parts that are known tell: `TYPE_CHECKING and X` does not hold.

    Args:
        given: parts, as text, and whether they hold.
    """
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        holds = known(test.operand, given)
        return None if holds is None else not holds
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        operator, beside = test.ops[0], test.comparators[0]
        if isinstance(operator, ast.NotEq | ast.NotIn):
            same = ast.Eq() if isinstance(operator, ast.NotEq) else ast.In()
            holds = known(ast.Compare(test.left, [same], [beside]), given)
            return None if holds is None else not holds
        if isinstance(operator, ast.In) and isinstance(beside, ast.Tuple | ast.List | ast.Set):
            equal: list[ast.expr] = [ast.Compare(test.left, [ast.Eq()], [item]) for item in beside.elts]
            return known(ast.BoolOp(ast.Or(), equal), given)
    if isinstance(test, ast.BoolOp):
        decides = isinstance(test.op, ast.Or)  # of an `or` one part that holds, of an `and` one that does not
        parts = [known(part, given) for part in test.values]
        return decides if decides in parts else None if None in parts else not decides
    return given.get(ast.unparse(test))


def for_checkers(body: Sequence[ast.stmt]) -> frozenset[str]:
    """What stands in a module for `typing.TYPE_CHECKING`, as the module writes it: blocks under it never run."""
    found, others = {}, set()
    for name, one in bindings_in(body):
        if one.kind == "import" and one.module in _TYPING and not one.level and one.attr in (None, _CHECKING):
            found[name] = name if one.attr else f"{name}.{_CHECKING}"
        elif name == _CHECKING and one.nodes and ast.unparse(one.nodes[-1]) == f"{name} = False":
            found[name] = name  # type checkers go by the name, where `typing` is not to be imported
        else:
            others.add(name)
    return frozenset(written for name, written in found.items() if name not in others)


def bound_by(node: ast.stmt) -> Iterator[tuple[str, str, Nodes]]:
    """Each name that a statement by itself binds: (name, kind, what counts)."""
    first = heads(node)
    if isinstance(node, DEFINITION):
        yield node.name, "class" if isinstance(node, ast.ClassDef) else "function", (node,)
        for decorator in [] if isinstance(node, ast.ClassDef) else node.decorator_list:
            # @shown.register makes a function part of the one that dispatches to it (functools.singledispatch)
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if (
                isinstance(called, ast.Attribute)
                and called.attr == "register"
                and isinstance(called.value, ast.Name)
            ):
                yield called.value.id, "function", (node,)
    elif not isinstance(node, ast.Match):  # whose patterns bind names each under their own condition
        for name in dict.fromkeys(_assigned(node)):
            yield name, "constant", first
    for name in dict.fromkeys(name for head in first for name in _in_passing(head)):
        yield name, "constant", (node,) if isinstance(node, DEFINITION) else first
    if isinstance(node, ast.Match):
        for deciding, case in _cases(node):
            for name in dict.fromkeys(_captured(case.pattern)):
                yield name, "constant", deciding


def _imported_by(node: ast.stmt) -> Iterator[tuple[str, str, str | None, int]]:
    """Each name that an import binds: (name, module, attribute, level)."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name, None, 0) if alias.asname else (top, top, None, 0)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, node.module or "", alias.name, node.level


def heads(node: ast.stmt) -> Nodes:
    """What a statement evaluates before any block of it; of a simple statement, all of it."""
    if isinstance(node, DEFINITION):
        arguments = [] if isinstance(node, ast.ClassDef) else [node.args]
        bases = [*node.bases, *node.keywords] if isinstance(node, ast.ClassDef) else []
        return (*node.decorator_list, *arguments, *bases)
    if isinstance(node, ast.For | ast.While) and _leaves(node):
        return (node,)  # every statement of it may depend on what was done before a `break`
    if isinstance(node, ast.If | ast.While):
        return (node.test,)
    if isinstance(node, ast.For):
        return (node.target, node.iter)
    if isinstance(node, ast.With):
        return tuple(item.context_expr for item in node.items)
    if isinstance(node, ast.Match):
        return (node.subject,)
    return () if isinstance(node, _TRY) else (node,)


def _leaves(loop: ast.For | ast.While) -> bool:
    """Whether there is a `break` or `continue` in a loop."""
    return any(isinstance(one, ast.Break | ast.Continue) for one in ast.walk(loop))


def _in_passing(node: ast.AST) -> Iterator[str]:
    """The names that `:=` binds in the scope that an expression stands in."""
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, ast.NamedExpr):
            yield one.target.id
        if isinstance(one, ast.Lambda):
            pending.append(one.args)
        else:
            pending.extend(ast.iter_child_nodes(one))


def _captured(pattern: ast.pattern) -> Iterator[str]:
    for one in ast.walk(pattern):
        name = getattr(one, "rest" if isinstance(one, ast.MatchMapping) else "name", None)
        if isinstance(name, str):
            yield name


def _cases(node: ast.Match) -> Iterator[tuple[Nodes, ast.match_case]]:
    """The cases, each with all that decides whether it is the one: the cases before it are."""
    deciding: Nodes = (node.subject,)
    for case in node.cases:
        deciding += (case.pattern,) if case.guard is None else (case.pattern, case.guard)
        yield deciding, case


def blocks(node: ast.stmt) -> Iterator[tuple[Nodes, list[ast.stmt]]]:
    """The blocks of a compound statement, each with what decides about it."""
    if isinstance(node, ast.Match):
        for deciding, case in _cases(node):
            yield deciding, case.body
        return
    first = (node.iter,) if isinstance(node, ast.For) and not _leaves(node) else heads(node)
    if isinstance(node, (*_TRY, ast.With)):
        # each statement may be the one that fails, and so decides about all that come after it
        decided: Nodes = () if isinstance(node, _TRY) else first
        for statement in node.body:
            yield decided, [statement]
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                decided += (statement,)
        for handler in getattr(node, "handlers", ()):
            decided += (handler.type,) if handler.type else ()
            yield decided, handler.body
        yield decided, getattr(node, "orelse", [])
        yield (), getattr(node, "finalbody", [])
        return
    for branch in ("body", "orelse"):
        block = getattr(node, branch, None)
        if isinstance(block, list):
            yield first, block


def _assigned(node: ast.stmt) -> Iterator[str]:
    targets: list[ast.expr | None] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets.extend(node.targets)
    elif isinstance(node, ast.AugAssign | ast.For):
        targets.append(node.target)
    elif isinstance(node, ast.AnnAssign):
        targets.append(node.target if node.value is not None else None)
    elif isinstance(node, ast.With):
        targets.extend(item.optional_vars for item in node.items)
    elif isinstance(node, ast.Expr):
        # LIMITS.append(3) at the top level of a module makes the list what it is
        targets.extend(_called_on(node.value))
    elif type(node).__name__ == "TypeAlias":
        targets.append(node.name)  # type: ignore[attr-defined]
    while targets:
        target = targets.pop()
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Attribute | ast.Subscript | ast.Starred):
            targets.append(target.value)
        elif isinstance(target, ast.Call) and isinstance(target.func, ast.Attribute):
            targets.append(target.func.value)
        elif isinstance(target, ast.Tuple | ast.List):
            targets.extend(target.elts)


def _called_on(expression: ast.expr) -> Iterator[ast.expr]:
    """What the methods belong to that an expression calls for their effect: not those that give it an argument."""
    pending = [expression]
    while pending:
        one = pending.pop()
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
            yield one.func.value
        elif isinstance(one, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            pending.append(one.elt)
        elif isinstance(one, ast.BoolOp):
            pending.extend(one.values)
        elif isinstance(one, ast.IfExp):
            pending += [one.body, one.orelse]
