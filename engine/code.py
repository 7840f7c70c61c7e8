"""Fingerprints of code: what a task's hash covers beyond its own name.

A fingerprint covers the source of a function and, transitively, the helper functions, classes and
module-level constants of the user's own packages that it reads. Constants count by the source text of their
assignments, so a list that tasks append to changes nothing. What is read but cannot be covered is listed with
the reason.

The digest is taken over the graph of what reads what, walked from the function in the order of the names that
are read. It does not depend on line numbers, on the formatting around a definition, on the modules' names and
places, or on the process that computes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any

from headwater.engine.code_scope import MISSING
from headwater.engine.code_text import function_text
from headwater.engine.code_walk import IsTask, Walk


@dataclass(frozen=True)
class Counted:
    """A helper, class or constant that counts.

    Attributes:
        name: qualified, like `package.module.helper`.
        kind: "function", "class", "constant", "variable" (of the enclosing function) or "default".
        digest_hex: SHA-256 of its source text.
        where: file and line, for people; not part of any hash.
        text: the source text.
    """

    name: str
    kind: str
    digest_hex: str
    where: str
    text: str = field(repr=False, compare=False)


@dataclass(frozen=True)
class Uncounted:
    """A name that the code reads and the fingerprint does not cover, and why not."""

    name: str
    reason: str


@dataclass(frozen=True)
class Fingerprint:
    """What the code of a function or class is, as far as it can be known without running it.

    Attributes:
        digest: 32 bytes.
        source: the function's own source without decorators, dedented.
        counted, uncounted: sorted by name.
        reads: what was found under each global name that is read: (namespace, name, value).
        codes: the functions that count, with what each ran then.
    """

    digest: bytes
    source: str
    counted: tuple[Counted, ...]
    uncounted: tuple[Uncounted, ...]
    reads: tuple[tuple[Mapping[str, Any], str, object], ...] = field(repr=False, compare=False)
    codes: tuple[tuple[FunctionType, CodeType], ...] = field(repr=False, compare=False)

    def still_holds(self) -> bool:
        """Whether every name still stands for what it stood for, and every function runs what it ran. It does not after
        a cell of a notebook was run again, or a module reloaded (IPython's autoreload gives functions other code)."""
        return all(namespace.get(name, MISSING) is value for namespace, name, value in self.reads) and all(
            func.__code__ is code for func, code in self.codes
        )


def fingerprint(func: Callable[..., Any] | type, *, is_task: IsTask, as_held: bool = False) -> Fingerprint:
    """The fingerprint of a function or class as it is now.

    Take it when the function's module has been imported completely: what stands below the function counts as
    well. Modules of the user's own that the code imports when it runs, or that it or its annotations name by a
    dotted path, are imported now.

    Args:
        func: the function or class; of a decorated function, what `__wrapped__` leads to counts too.
        is_task: gives the function of a headwater task, None for anything else. Tasks that the code reads do
            not count (calls to them are recorded on their own), unless the code reads their `.func`.
        as_held: whether the function counts as a variable that held it would: by the statements for its name, its
            decorators among them. Of one that a library's decorator made, what it was put around counts.

    Raises:
        TypeError: it is no class, and not a Python function.
    """
    if not isinstance(func, (FunctionType, type)):
        raise TypeError(f"{func!r} is not a Python function, so it has no source to take a fingerprint of")
    walk = Walk(func, is_task)
    parts = walk.parts(as_held=as_held)
    encoded = "\n".join(
        f"{part.kind} {part.digest_hex}" + "".join(f"\n  {name!r} {target}" for name, target in part.edges)
        for part in parts
    )
    counted = {
        (part.name, part.kind, part.digest_hex): Counted(
            part.name, part.kind, part.digest_hex, part.where, part.text
        )
        for part in parts[1:]
    }
    return Fingerprint(
        digest=hashlib.sha256(b"Code\0" + encoded.encode(errors="surrogatepass")).digest(),
        source=parts[0].text,
        counted=tuple(counted[key] for key in sorted(counted)),
        uncounted=tuple(Uncounted(name, reason) for name, reason in sorted(walk.uncounted.items())),
        reads=tuple(walk.reads.values()),
        codes=tuple(walk.codes),
    )


def source_of(func: Callable[..., Any]) -> str:
    """The source of a function without its decorators, dedented; without a source, a comment that says so."""
    return function_text(func, decorators=False)[0]
