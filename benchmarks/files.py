"""`python -m benchmarks.files`: hashing, checking folders again, and running scripts, beside the plain programs."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headwater.engine.script_watch import look

from headwater import ContentDir, ContentFile, Dir, Scheduler, script

Row = tuple[str, float, str]
_SETTLE = 2.5
"""seconds after which a digest is kept"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: a check that it runs")
    options = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="headwater-bench-"))
    os.environ["HEADWATER_CACHE"] = str(folder / "cache")
    try:
        rows = [
            *_many(folder / "many", 2_000 if options.quick else 100_000),
            *_large(folder / "large", 64 if options.quick else 1024),
            *_scripts(10 if options.quick else 200),
        ]
    finally:
        shutil.rmtree(folder)
    print("| what | seconds |", "|---|---|", sep="\n")
    for what, seconds, unit in rows:
        print(f"| {what} | {seconds * 1000:.2f} ms {unit} |" if unit else f"| {what} | {seconds:.2f} |")
    return 0


def _many(folder: Path, count: int) -> list[Row]:
    """A folder of small files."""
    for number in range(count):
        if number % 1000 == 0:
            (folder / str(number // 1000)).mkdir(parents=True)
        (folder / str(number // 1000) / str(number)).write_bytes(b"%d" % number * 50)
    some = [str(folder / str(number)) for number in range(min(2, count // 1000))]
    time.sleep(_SETTLE)
    by_time, by_content = Dir(folder), ContentDir(folder)
    name = f"{count:,} small files"
    return [
        _row(f"{1000 * len(some):,} files: a look before or after a script", lambda: look(some, count)),
        _row(f"{name}: `Dir`, first look", lambda: by_time.hash),
        _row(f"{name}: `Dir`, checked again", by_time.is_valid),
        _row(f"{name}: `ContentDir`, first look", lambda: by_content.hash),
        _row(f"{name}: `ContentDir`, checked again", by_content.is_valid),
        *_sums(name, f"find {folder} -type f -print0 | xargs -0 "),
    ]


def _large(file: Path, megabytes: int) -> list[Row]:
    """One large file."""
    block = os.urandom(1 << 20)
    with file.open("wb") as handle:
        for _ in range(megabytes):
            handle.write(block)
    time.sleep(_SETTLE)
    name = f"a file of {megabytes:,} MiB"
    return [
        _row(f"{name}: `ContentFile`, first look", lambda: ContentFile(file)),
        _row(f"{name}: `ContentFile`, again", lambda: ContentFile(file)),
        *_sums(name, "", str(file)),
    ]


def _sums(name: str, before: str, after: str = "") -> list[Row]:
    """The same by the programs for it that are here: the digest that we use, and a faster one."""
    return [
        _row(f"{name}: `{program}`", lambda program=program: _shell(f"{before}{program} {after}"))  # type: ignore[misc]
        for program in ("sha256sum", "b3sum")
        if shutil.which(program)
    ]


def _scripts(count: int) -> list[Row]:
    """Scripts that do nothing, outside a project."""

    def plain() -> None:
        for _ in range(count):
            subprocess.run(["bash", "-c", "set -exo pipefail\ntrue"], capture_output=True, check=True)

    scheduler = Scheduler(record=False)
    scheduler.run(script("true"))
    rows = [
        _row("a bash script by `subprocess.run`", plain),
        _row("the same by `script`", lambda: scheduler.run([script(f"true {n}") for n in range(count)])),
    ]
    return [(what, seconds / count, "each") for what, seconds, _ in rows]


def _row(what: str, work: Callable[[], Any]) -> Row:
    began = time.perf_counter()
    work()
    return what, time.perf_counter() - began, ""


def _shell(command: str) -> None:
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    raise SystemExit(main())
