"""Python's source text as trees, in a process with threads.

Python 3.11 counts how deep a tree is in one place for all threads, so that two that parse at once may upset each
other's count: the text is fine, and `ast.parse` raises a SystemError (CPython issue 106905).
"""

from __future__ import annotations

import ast
from threading import RLock

_TRIES = 20
_ONE_AT_A_TIME = RLock()  # a finalizer that runs meanwhile may parse too, in the same thread


def parsed(text: str, name: str = "<unknown>") -> ast.Module:
    """The tree of a module's text.

    Raises:
        SyntaxError, ValueError: the text is not Python.
    """
    tree = _tree(text, name, "exec")
    assert isinstance(tree, ast.Module)
    return tree


def parsed_expression(text: str) -> ast.Expression:
    """The tree of an expression's text.

    Raises:
        SyntaxError, ValueError: the text is no expression.
    """
    tree = _tree(text, "<unknown>", "eval")
    assert isinstance(tree, ast.Expression)
    return tree


def _tree(text: str, name: str, mode: str) -> ast.AST:
    for _ in range(_TRIES):
        with _ONE_AT_A_TIME:
            try:
                return ast.parse(text, name, mode)
            except SystemError:
                # Somebody else's thread parsed meanwhile: a library's, or a task's own.
                continue
    return ast.parse(text, name, mode)
