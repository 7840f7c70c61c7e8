"""Source files as the fingerprint needs them: where each function stands, what binds each name of a module.

A file is read and parsed once. Texts are cut out by line numbers and normalised: dedented, without white
space at the ends of lines. Lines inside string literals stay as they are, since there white space is a value.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any, NamedTuple

from headwater.engine.code_bindings import Binding, bindings_in, for_checkers
from headwater.engine.code_changes import Step, changed_by, steps_in
from headwater.engine.code_main import never_run, told_apart
from headwater.engine.parsing import parsed, parsed_expression

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Definition = FunctionNode | ast.ClassDef
_FUTURE_ANNOTATIONS = 0x1000000  # __future__.annotations.compiler_flag: annotations are not evaluated
_DEFINED = ("function", "class")
_BRANCHES = ("body", "orelse", "finalbody", "handlers", "cases")


class Block(NamedTuple):
    """Where some statements stand: columns count bytes, lines from 1."""

    first: int
    column: int
    last: int
    end: int


class SourceFile:
    """One parsed source text.

    Raises:
        SyntaxError, ValueError: the text is not Python.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines = text.split("\n")
        self.globals_declared: frozenset[str] = frozenset()
        """names that functions in this file assign by a `global` statement"""
        self._functions: dict[int, list[FunctionNode]] = {}
        self._codes: dict[int, CodeType] = {}
        self._within: dict[int, list[Definition]] = {}
        self._by_name: dict[int, dict[str, list[Definition]]] = {}
        self._compiled: dict[tuple[str, int], CodeType] | None = None
        self._steps: tuple[Step, ...] | None = None
        self._changers: dict[str, Step] = {}
        self._rebound: frozenset[str] | None = None
        self._blocks: tuple[list[Block], list[Block]] | None = None
        self._imported: SourceFile | None = None
        self._bound_once: frozenset[str] | None = None
        tree = parsed(text, name)
        self._tree = tree
        self.bindings: dict[str, list[Binding]] = {}
        """of each name, the statements at the top level that bind it"""
        never = for_checkers(tree.body) if "TYPE_CHECKING" in text else frozenset()
        for bound, binding in bindings_in(tree.body, never=never):
            self.bindings.setdefault(bound, []).append(binding)
        self.stars: list[tuple[str, int]] = [(one.module, one.level) for one in self.bindings.pop("*", ())]
        """(module, level) of each `from module import *`"""
        for function in _definitions(tree.body):
            if isinstance(function, ast.ClassDef):
                continue
            first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
            self._functions.setdefault(first, []).append(function)
        if "global " in text:
            self.globals_declared = frozenset(
                name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names
            )

    # -- finding -----------------------------------------------------------------------------------

    @property
    def steps(self) -> tuple[Step, ...]:
        """What its statements at the top level may change."""
        if self._steps is None:
            self._steps = tuple(steps_in(self._tree.body))
        return self._steps

    @property
    def under_guard(self) -> list[Block]:
        """What runs only where it is the main program (`code_main`)."""
        return self._told_apart()[0]

    @property
    def beside_guard(self) -> list[Block]:
        """What runs only where it is not."""
        return self._told_apart()[1]

    def _told_apart(self) -> tuple[list[Block], list[Block]]:
        if self._blocks is None:
            body, given = self._tree.body, {}
            if any("__main__" in line for line in self.lines):
                given = told_apart(body, self.bindings)
            imported = [self._block(one) for one in never_run(body, given)] if given else []
            given = {condition: not holds for condition, holds in given.items()}
            self._blocks = imported, [self._block(one) for one in never_run(body, given)] if given else []
        return self._blocks

    def _block(self, body: Sequence[ast.stmt]) -> Block:
        first = min(_start(node)[0] for node in (body[0], *_decorators(body[0])))
        while _decorators(body[0]) and not self.lines[first - 1].lstrip().startswith("@"):
            first -= 1  # what is called may stand in brackets below the @
        return Block(first, body[0].col_offset, body[-1].end_lineno or first, body[-1].end_col_offset or 0)

    @property
    def imported(self) -> SourceFile:
        """What of it runs where it is imported; every line stays where it is."""
        if self._imported is None:
            lines = list(self.lines)
            for one in self.under_guard:
                head = lines[one.first - 1].encode()[: one.column].decode()
                head = head if head.strip() not in ("", "@") else " " * one.column
                tail = lines[one.last - 1].encode()[one.end :].decode()
                lines[one.first - 1 : one.last] = [f"{head}pass{tail}", *[""] * (one.last - one.first)]
            self._imported = SourceFile(self.name, "\n".join(lines)) if self.under_guard else self
        return self._imported

    @property
    def rebound(self) -> frozenset[str]:
        """The names that it binds otherwise than by importing them."""
        if self._rebound is None:
            defined = (
                name for name, ways in self.bindings.items() if any(one.kind in _DEFINED for one in ways)
            )
            self._rebound = frozenset(defined).union(*(step.binds for step in self.steps))
        return self._rebound

    @property
    def bound_once(self) -> frozenset[str]:
        """The names that one statement binds, once."""
        if self._bound_once is None:
            ways = Counter(name for step in self.steps for name in step.binds)
            ways.update(name for step in self.steps for name in step.often)
            ways.update(self.rebound - frozenset(ways))
            ways.update(self.globals_declared)
            self._bound_once = frozenset(name for name, number in ways.items() if number == 1)
        return self._bound_once

    def changed_by(self, name: str) -> Step | None:
        """What the function of a name changes of what is outside it; None where there is no such function."""
        known = self._changers.get(name)
        if known is None:
            made = [one.nodes[-1] for one in self.bindings.get(name, ()) if one.kind == "function"]
            if not made or not isinstance(made[-1], FunctionNode):
                return None
            known = self._changers[name] = changed_by(made[-1])
        return known

    def function(self, code: CodeType) -> FunctionNode | None:
        """The `def` that a code object was compiled from."""
        found = [n for n in self._functions.get(code.co_firstlineno, ()) if n.name == code.co_name]
        return found[0] if found else None

    def lambdas(self, line: int) -> list[ast.Lambda]:
        """The lambdas that begin in a line."""
        return [n for n in ast.walk(self._tree) if isinstance(n, ast.Lambda) and n.lineno == line]

    def definitions_within(self, node: ast.AST) -> list[Definition]:
        """Every `def` and `class` in a statement, itself if it is one."""
        known = self._within.get(id(node))
        if known is None:
            known = self._within[id(node)] = list(_definitions([node]))
        return known

    def _named_within(self, node: ast.AST, name: str) -> list[Definition]:
        """Those of a name. (A module may have thousands, and each of its classes is looked for.)"""
        known = self._by_name.get(id(node))
        if known is None:
            made: dict[str, list[Definition]] = {}
            for one in self.definitions_within(node):
                made.setdefault(one.name, []).append(one)
            known = self._by_name[id(node)] = made
        return known.get(name, [])

    def classes(self, qualname: str) -> list[ast.ClassDef]:
        """The `class` statements that may have made a class, by its qualified name."""
        found: list[Any] = [self._tree]
        for name in qualname.replace("<locals>.", "").split("."):
            found = [inner for one in found for inner in self._named_within(one, name) if inner is not one]
        return [one for one in found if isinstance(one, ast.ClassDef)]

    def code(self, node: ast.AST) -> CodeType:
        """A code object that does what a statement or expression does; annotations are left out."""
        known = self._codes.get(id(node))
        if known is None:
            tree: Any
            if isinstance(node, ast.pattern):
                match = parsed("match None:\n    case _: pass")
                match.body[0].cases[0].pattern = node  # type: ignore[attr-defined]
                tree, mode = match, "exec"
            elif isinstance(getattr(node, "ctx", None), ast.Store):
                # The target of a `for`: as an expression it does nothing but read what stands in it.
                tree, mode = parsed_expression(ast.unparse(node)), "eval"
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
        kept = _inside_strings(node, lines, first)
        out = []
        for offset, line in enumerate(lines):
            number = first + offset
            cut = line[column:] if offset == 0 or (number not in kept and not line[:column].strip()) else line
            out.append(cut if number + 1 in kept else cut.rstrip())
        return "\n".join(out).rstrip()


def _definitions(nodes: Sequence[ast.AST]) -> Iterator[Definition]:
    pending: list[Any] = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, Definition):
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


def _quotes(lines: Sequence[str]) -> int:
    text = "\n".join(lines)
    return text.count('"""') + text.count("'''")


def _inside_strings(node: ast.AST, lines: list[str], first: int) -> set[int]:
    """Numbers of the lines that begin inside a string literal; a docstring's do not matter.

    Args:
        first: the number of the first of the lines.
    """
    quotes = _quotes(lines)
    docstring = None
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
        docstring = body[0].value
    if not any(line.endswith("\\") for line in lines):
        if isinstance(docstring, ast.Constant):
            quotes -= _quotes(lines[docstring.lineno - first : (docstring.end_lineno or 0) - first + 1])
        if not quotes:
            return set()
    kept: set[int] = set()
    for part in ast.walk(node):
        is_text = isinstance(part, ast.JoinedStr) or (
            isinstance(part, ast.Constant) and isinstance(part.value, str | bytes)
        )
        if is_text and part is not docstring:
            kept.update(range(part.lineno + 1, part.end_lineno + 1))  # type: ignore[attr-defined]
    return kept
