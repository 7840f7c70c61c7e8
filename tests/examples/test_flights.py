"""The flights example gives right numbers: its tasks, called as functions, against raw tables in pandas."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from headwater import File

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flights"

# Published facts about the data set, from its own documentation and from common tutorials on it.
DEPARTURES = 336_776
CANCELLED = 8_255
MEAN_DELAY = 12.63907
BY_CARRIER = {
    "UA": 58_665,
    "B6": 54_635,
    "EV": 54_173,
    "DL": 48_110,
    "AA": 32_729,
    "MQ": 26_397,
    "US": 20_536,
    "9E": 18_460,
    "WN": 12_275,
    "VX": 5_162,
    "FL": 3_260,
    "AS": 714,
    "F9": 685,
    "YV": 601,
    "HA": 342,
    "OO": 32,
}

pytestmark = pytest.mark.xdist_group("flights")


@dataclass(frozen=True)
class Results:
    """What the tasks made, called one after the other as plain functions."""

    folder: Path
    months: list[Any]
    chart: Any
    report: Any


@pytest.fixture(scope="module")
def workflow() -> Iterator[ModuleType]:
    sys.path.insert(0, str(EXAMPLE))
    try:
        import workflow

        yield workflow
    finally:
        sys.path.remove(str(EXAMPLE))
        for name in ("workflow", "helpers"):
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def tables(workflow: ModuleType) -> tuple[pd.DataFrame, pd.DataFrame]:
    flights = pd.read_csv(workflow.data_path("flights.csv.zip"))
    weather = pd.read_csv(workflow.data_path("weather.csv"))
    return flights, weather


@pytest.fixture(scope="module")
def results(workflow: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("results")
    weather = File(workflow.data_path("weather.csv"))
    months = []
    for raw in workflow.split_by_month.func(File(workflow.data_path("flights.csv.zip")), f"{folder}/months"):
        month = Path(raw.path).stem
        tidy = workflow.clean.func(raw, f"{folder}/clean/{month}.csv")
        joined = workflow.join_weather.func(tidy, weather, f"{folder}/joined/{month}.csv")
        months.append(workflow.delay_stats.func(month, joined))
    chart = workflow.chart.func(months, f"{folder}/delays.svg")
    airlines = File(workflow.data_path("airlines.csv"))
    return Results(
        folder, months, chart, workflow.report.func(months, airlines, chart, f"{folder}/report.md")
    )


def test_splitting_loses_and_invents_no_row(
    results: Results, tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    flights, _ = tables
    parts = [pd.read_csv(path) for path in sorted((results.folder / "months").iterdir())]
    assert len(parts) == 12
    assert [set(part["month"]) for part in parts] == [{month} for month in range(1, 13)]
    together = pd.concat(parts).sort_values(list(flights.columns), ignore_index=True)
    pd.testing.assert_frame_equal(together, flights.sort_values(list(flights.columns), ignore_index=True))


def test_each_carrier_has_the_departures_that_are_known(workflow: ModuleType, results: Results) -> None:
    carriers = workflow.totals(month.carriers for month in results.months)
    assert {code: delays.scheduled for code, delays in carriers.items()} == BY_CARRIER
    assert sum(BY_CARRIER.values()) == DEPARTURES
    assert sum(delays.cancelled for delays in carriers.values()) == CANCELLED
    minutes = sum(delays.minutes for delays in carriers.values())
    assert minutes / (DEPARTURES - CANCELLED) == pytest.approx(MEAN_DELAY, abs=1e-5)


def test_delays_by_carrier_and_month_are_those_of_the_raw_table(
    results: Results, tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    flights, _ = tables
    expected = {
        (f"2013-{month:02}", carrier): (
            len(delay),
            int(delay.isna().sum()),
            int((delay >= 15).sum()),
            int(delay.sum()),
        )
        for (month, carrier), delay in flights.groupby(["month", "carrier"])["dep_delay"]
    }
    found = {
        (month.month, carrier): (delays.scheduled, delays.cancelled, delays.late, delays.minutes)
        for month in results.months
        for carrier, delays in month.carriers.items()
    }
    assert found == expected


def test_the_weather_is_that_of_the_departures_airport_and_hour(
    workflow: ModuleType, results: Results, tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    flights, weather = tables
    measures = ["visib", "precip", "wind_speed"]
    joined = flights.merge(
        weather[["origin", "time_hour", *measures]], how="left", on=["origin", "time_hour"]
    )
    sky = pd.Series("fair", index=joined.index)
    sky[joined["wind_speed"] >= 20] = "strong wind"
    sky[joined["precip"] > 0] = "rain or snow"
    sky[joined["visib"] < 3] = "low visibility"
    sky[joined[measures].isna().any(axis=1)] = "not recorded"
    expected = {name: (len(delay), delay.sum()) for name, delay in joined.groupby(sky)["dep_delay"]}
    skies = workflow.totals(month.weather for month in results.months)
    assert {name: (delays.scheduled, delays.minutes) for name, delays in skies.items()} == expected


def test_the_chart_is_the_same_bytes_each_time_and_valid_svg(
    workflow: ModuleType, results: Results, tmp_path: Path
) -> None:
    again = workflow.chart.func(results.months, str(tmp_path / "again.svg"))
    first = Path(results.chart.path).read_bytes()
    assert Path(again.path).read_bytes() == first
    assert ElementTree.fromstring(first).tag.endswith("}svg")


def test_the_report_names_every_carrier_and_the_origin_of_its_data(results: Results) -> None:
    text = Path(results.report.path).read_text("utf-8")
    assert "336,776 departures were scheduled, and 8,255 of them were cancelled" in text
    assert "| ExpressJet Airlines Inc. | 54,173 | 2,817 | 20.0 | 548 | 31.1% |" in text
    assert "(delays.svg)" in text
    assert "US Bureau of Transportation Statistics" in text
    assert text.count("\n| ") == 3 + 16 + 5 + 12


def test_without_monthly_files_the_error_says_what_to_type(workflow: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"hw run workflow\.py split"):
        workflow.month_files(str(tmp_path))
