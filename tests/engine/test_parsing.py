"""Source texts are parsed right whoever else parses meanwhile."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from headwater.engine.parsing import parsed, parsed_expression

TEXT = "LIMIT = []\n" + "".join(f"def step{n}(x):\n    return LIMIT\n" for n in range(400))


@contextmanager
def parses_meanwhile(times: int) -> Iterator[list[int]]:
    """While Python collects garbage, which it does as a tree is built, somebody parses: so many times."""
    left = [*range(times)]

    def parse_deeper(depth: int) -> None:
        if depth:
            parse_deeper(depth - 1)
        else:
            ast.parse("1")

    def collecting(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and left:
            left.pop()
            parse_deeper(5)

    gc.collect()
    gc.callbacks.append(collecting)
    try:
        yield left
    finally:
        gc.callbacks.remove(collecting)


@pytest.mark.parametrize("times", [1, 3])
def test_somebody_parses_while_a_tree_is_built(times: int) -> None:
    with parses_meanwhile(times) as left:
        tree = parsed(TEXT, "flow.py")
    assert len(left) < times, "nobody did"
    assert ast.dump(tree) == ast.dump(ast.parse(TEXT))


def test_threads_that_parse_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(lambda _: ast.dump(parsed(TEXT)), range(24)))
    assert set(trees) == {ast.dump(ast.parse(TEXT))}


def test_text_that_is_not_python_is_refused() -> None:
    with pytest.raises(SyntaxError) as told:
        parsed("def f(:\n", "flow.py")
    assert told.value.filename == "flow.py"
    with pytest.raises(SyntaxError):
        parsed_expression("x = 1")
    assert isinstance(parsed_expression("list[int]").body, ast.Subscript)
