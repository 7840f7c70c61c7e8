"""`python -m benchmarks.small`: what the smallest steps cost, beside what the standard library needs for the like.

Each is the best of several rounds in one process. The ratio is what counts: a busy machine slows both sides.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import pickle
import tempfile
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headwater.engine.code import fingerprint
from headwater.engine.values import describe, hash_value, preview

_ROUNDS = 7


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: a check that it runs")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder:
        _print(_steps(Path(folder)), quick=options.quick)
    return 0


Step = tuple[str, Callable[[], Any], str, Callable[[], Any], int]


def _print(steps: list[Step], *, quick: bool) -> None:
    print("| what | µs | the standard library | µs | ratio |", "|---|---:|---|---:|---:|", sep="\n")
    for what, ours, like, theirs, number in steps:
        times = 1 if quick else number
        a, b = _microseconds(ours, times), _microseconds(theirs, times)
        print(f"| {what} | {a:,.1f} | {like} | {b:,.1f} | {a / b:.2f}× |")


def _steps(folder: Path) -> list[Step]:
    numbers = list(range(10_000))
    text, functions = _module(folder, 100)

    def sha(value: object) -> bytes:
        return hashlib.sha256(pickle.dumps(value)).digest()

    return [
        ("hash an int", lambda: hash_value(12345), "SHA-256 of its pickle", lambda: sha(12345), 2000),
        ("describe an int", lambda: describe(12345), "SHA-256 of its pickle", lambda: sha(12345), 2000),
        (
            "hash 10,000 ints",
            lambda: hash_value(numbers),
            "SHA-256 of their pickle",
            lambda: sha(numbers),
            20,
        ),
        ("preview 10,000 ints", lambda: preview(numbers), "`json.dumps`", lambda: json.dumps(numbers), 20),
        (
            "fingerprint 100 functions of a module",
            lambda: [fingerprint(function, is_task=lambda _: None) for function in functions],
            "compile the module",
            lambda: compile(text, "module", "exec"),
            1,
        ),
    ]


def _module(folder: Path, count: int) -> tuple[str, list[Any]]:
    """A module of so many functions, each with a helper and a constant: its text, and the functions."""
    text = "".join(
        f"LIMIT_{n} = {n}\n\n\ndef helper_{n}(x):\n    y = x + LIMIT_{n}\n    return [y * i for i in (1, 2)]\n\n\n"
        f"def step_{n}(x):\n    first = helper_{n}(x)\n    return first if first else None\n\n\n"
        for n in range(count)
    )
    (folder / "steps.py").write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location("steps", folder / "steps.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return text, [getattr(module, f"step_{n}") for n in range(count)]


def _microseconds(work: Callable[[], Any], number: int) -> float:
    return min(timeit.repeat(work, number=number, repeat=_ROUNDS)) / number * 1e6


if __name__ == "__main__":
    raise SystemExit(main())
