"""The texts by which functions and immutable values count."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from headwater.engine.code_files import source_file_of


def stable(value: object) -> str:
    """A text for an immutable value that is the same in every process."""
    if isinstance(value, frozenset):
        return f"frozenset({sorted(stable(item) for item in value)})"
    if isinstance(value, tuple):
        return f"({','.join(stable(item) for item in value)})"
    return f"{type(value).__name__} {value!r}"


def _bytecode(code: CodeType) -> str:
    consts = [_bytecode(const) if isinstance(const, CodeType) else stable(const) for const in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {consts}"


def function_text(func: Callable[..., Any], *, decorators: bool) -> tuple[str, str | None]:
    """A function's normalised source, and why it is not its source where it is not."""
    code = func.__code__ if isinstance(func, FunctionType) else None
    if code is None:
        raise TypeError(f"{func!r} is not a Python function")
    source = source_file_of(code)
    if source is not None:
        node = source.function(code)
        if node is not None:
            return source.text(node, decorators=decorators), None
        if code.co_name == "<lambda>":
            found = source.lambdas(code.co_firstlineno)
            if found:
                return "\n".join(source.text(one) for one in found), None
    digest = hashlib.sha256(_bytecode(code).encode(errors="surrogatepass")).hexdigest()
    return (
        f"# no source was found for {func.__qualname__}; its bytecode is {digest}",
        "no source was found: its bytecode counts, which differs between Python versions",
    )
