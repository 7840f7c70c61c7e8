"""Source files as the fingerprint needs them: where each function stands, what binds each name of a module.

A file is read and parsed once. Texts are cut out by line numbers and normalised: dedented, without white
space at the ends of lines. Lines inside string literals stay as they are, since there white space is a value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_FUTURE_ANNOTATIONS = 0x1000000  # __future__.annotations.compiler_flag: annotations are not evaluated
_BRANCHES = ("body", "orelse", "finalbody", "handlers", "cases")


@dataclass(frozen=True)
class Binding:
    """One module-level statement that binds a name.

    Attributes:
        kind: "function", "class", "constant" or "import".
        nodes: what counts: the statement, and the conditions of the blocks it stands in.
        module, attr, level: of an import: `from ..module import attr`; attr is None for `import module`.
    """

    kind: str
    nodes: tuple[ast.AST, ...]
    module: str = ""
    attr: str | None = None
    level: int = 0


class SourceFile:
    """One parsed source text.

    Raises:
        SyntaxError, ValueError: the text is not Python.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines = text.split("\n")
        self.bindings: dict[str, list[Binding]] = {}
        self.stars: list[tuple[str, int]] = []
        """(module, level) of each `from module import *`"""
        self.globals_declared: frozenset[str] = frozenset()
        """names that functions in this file assign by a `global` statement"""
        self._functions: dict[int, list[FunctionNode]] = {}
        self._codes: dict[int, CodeType] = {}
        self._within: dict[int, list[FunctionNode]] = {}
        self._compiled: dict[tuple[str, int], CodeType] | None = None
        tree = ast.parse(text, name)
        self._tree = tree
        self._index_module(tree.body, ())
        for function in _functions(tree.body):
            first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
            self._functions.setdefault(first, []).append(function)
        if "global " in text:
            self.globals_declared = frozenset(
                name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names
            )

    # -- finding -----------------------------------------------------------------------------------

    def function(self, code: CodeType) -> FunctionNode | None:
        """The `def` that a code object was compiled from."""
        found = [n for n in self._functions.get(code.co_firstlineno, ()) if n.name == code.co_name]
        return found[0] if found else None

    def lambdas(self, line: int) -> list[ast.Lambda]:
        """The lambdas that begin in a line."""
        return [n for n in ast.walk(self._tree) if isinstance(n, ast.Lambda) and n.lineno == line]

    def functions_within(self, node: ast.AST) -> list[FunctionNode]:
        """Every `def` in a statement, itself if it is one."""
        known = self._within.get(id(node))
        if known is None:
            known = self._within[id(node)] = list(_functions([node]))
        return known

    def code(self, node: ast.AST) -> CodeType:
        """A code object that does what a statement or expression does; annotations are left out."""
        known = self._codes.get(id(node))
        if known is None:
            tree: Any
            if isinstance(getattr(node, "ctx", None), ast.Store):
                # The target of a `for`: as an expression it does nothing but read what stands in it.
                tree, mode = ast.parse(ast.unparse(node), mode="eval"), "eval"
            elif isinstance(node, ast.expr):
                tree, mode = ast.Expression(node), "eval"
            else:
                tree, mode = ast.Module([node], []), "exec"  # type: ignore[list-item]
            known = compile(tree, self.name, mode, flags=_FUTURE_ANNOTATIONS, dont_inherit=True)
            self._codes[id(node)] = known
        return known

    def compiles_to(self, code: CodeType) -> bool:
        """Whether a code object, whose names are the same and which does the same, comes of this source."""
        if self._compiled is None:
            self._compiled = {}
            pending = [compile(self._tree, self.name, "exec", dont_inherit=True)]
            while pending:
                one = pending.pop()
                self._compiled[one.co_name, one.co_firstlineno] = one
                pending.extend(const for const in one.co_consts if isinstance(const, CodeType))
        made = self._compiled.get((code.co_name, code.co_firstlineno))
        return made is not None and _behaviour(made) == _behaviour(code)

    # -- cutting -----------------------------------------------------------------------------------

    def text(self, node: ast.AST, *, decorators: bool = True) -> str:
        """The normalised source of a node; of a function or class, with its decorators if wanted."""
        first, column = _start(node)
        last: int = node.end_lineno  # type: ignore[attr-defined]
        whole_lines = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if whole_lines and decorators:
            first = min([first, *(decorator.lineno for decorator in _decorators(node))])
        lines = self.lines[first - 1 : last]
        if not whole_lines:
            end: int = node.end_col_offset  # type: ignore[attr-defined]
            lines[-1] = lines[-1][: _column(lines[-1], end)]
        column = _column(self.lines[_start(node)[0] - 1], column)
        kept = _inside_strings(node, lines)
        out = []
        for offset, line in enumerate(lines):
            number = first + offset
            cut = line[column:] if offset == 0 or (number not in kept and not line[:column].strip()) else line
            out.append(cut if number + 1 in kept else cut.rstrip())
        return "\n".join(out).rstrip()

    # -- indexing ----------------------------------------------------------------------------------

    def _index_module(self, body: Sequence[ast.stmt], within: tuple[ast.AST, ...]) -> None:
        for node in body:
            for name, binding in _bindings(node, within):
                self.bindings.setdefault(name, []).append(binding)
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                self.stars.append((node.module or "", node.level))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            for part, block in _blocks(node):
                self._index_module(block, within + part)


def _functions(nodes: Sequence[ast.AST]) -> Iterator[FunctionNode]:
    pending: list[Any] = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        for branch in _BRANCHES:
            below = getattr(node, branch, ())
            if isinstance(below, list):
                pending.extend(below)


def _behaviour(code: CodeType) -> tuple[object, ...]:
    consts = [_behaviour(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, consts


def _start(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _decorators(node: ast.AST) -> list[ast.expr]:
    return getattr(node, "decorator_list", [])


def _column(line: str, offset: int) -> int:
    """The index of a character from its offset in UTF-8, which is what ast counts."""
    return offset if line.isascii() else len(line.encode()[:offset].decode(errors="ignore"))


def _inside_strings(node: ast.AST, lines: list[str]) -> set[int]:
    """Numbers of the lines that begin inside a string literal; a docstring's do not matter."""
    text = "\n".join(lines)
    quotes = text.count('"""') + text.count("'''")
    docstring = None
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
        docstring = body[0].value
    if "\\\n" not in text and (quotes == 0 or (quotes == 2 and isinstance(docstring, ast.Constant))):
        return set()
    kept: set[int] = set()
    for part in ast.walk(node):
        is_text = isinstance(part, ast.JoinedStr) or (
            isinstance(part, ast.Constant) and isinstance(part.value, str | bytes)
        )
        if is_text and part is not docstring:
            kept.update(range(part.lineno + 1, part.end_lineno + 1))  # type: ignore[attr-defined]
    return kept


def _blocks(node: ast.stmt) -> Iterator[tuple[tuple[ast.AST, ...], list[ast.stmt]]]:
    """The blocks of a compound statement, each with the expressions that decide about it."""
    deciding: tuple[ast.AST, ...] = ()
    if isinstance(node, ast.If | ast.While):
        deciding = (node.test,)
    elif isinstance(node, ast.For):
        deciding = (node.iter,)
    elif isinstance(node, ast.With):
        deciding = tuple(item.context_expr for item in node.items)
    elif isinstance(node, ast.Match):
        deciding = (node.subject,)
        for case in node.cases:
            yield deciding, case.body
    for handler in getattr(node, "handlers", ()):
        yield (handler.type,) if handler.type else (), handler.body
    for branch in ("body", "orelse", "finalbody"):
        block = getattr(node, branch, None)
        if isinstance(block, list):
            yield deciding, block


def _bindings(node: ast.stmt, within: tuple[ast.AST, ...]) -> Iterator[tuple[str, Binding]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, Binding("function", (*within, node))
        for decorator in node.decorator_list:
            # @shown.register makes a function part of the one that dispatches to it (functools.singledispatch)
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if (
                isinstance(called, ast.Attribute)
                and called.attr == "register"
                and isinstance(called.value, ast.Name)
            ):
                yield called.value.id, Binding("function", (*within, node))
    elif isinstance(node, ast.ClassDef):
        yield node.name, Binding("class", (*within, node))
    elif isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, Binding("import", within, alias.name)
            else:
                top = alias.name.partition(".")[0]
                yield top, Binding("import", within, top)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield (
                alias.asname or alias.name,
                Binding("import", within, node.module or "", alias.name, node.level),
            )
    else:
        deciding: tuple[ast.AST, ...] = (node,)
        if isinstance(node, ast.For):
            deciding = (node.target, node.iter)
        elif isinstance(node, ast.With):
            deciding = tuple(item.context_expr for item in node.items)
        for name in dict.fromkeys(_assigned(node)):
            yield name, Binding("constant", within + deciding)


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
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        # LIMITS.append(3) at the top level of a module makes the list what it is
        method = node.value.func
        targets.append(method.value if isinstance(method, ast.Attribute) else None)
    elif type(node).__name__ == "TypeAlias":
        targets.append(node.name)  # type: ignore[attr-defined]
    while targets:
        target = targets.pop()
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Attribute | ast.Subscript | ast.Starred):
            targets.append(target.value)
        elif isinstance(target, ast.Tuple | ast.List):
            targets.extend(target.elts)
