"""Tables in many files: what is read and written, what counts, and what runs again when a shard changes."""

from __future__ import annotations

import copy
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from headwater.engine.files.tables import FORMATS, LIBRARIES
from headwater.engine.values import hash_value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater import (
    File,
    Scheduler,
    ShardedDataset,
    UsageError,
    create_project,
    read_frame,
    task,
    write_frame,
)

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

headwater_namespace = "sharded"
ROWS = [{"n": n, "half": n / 2, "name": f"row {n}"} for n in range(10)]
MAKE: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "arrow": pa.Table.from_pylist,
}


def rows_of(frame: Any) -> list[dict[str, Any]]:
    if isinstance(frame, pd.DataFrame):
        found: list[dict[str, Any]] = frame.to_dict("records")
    else:
        found = frame.to_dicts() if isinstance(frame, pl.DataFrame) else frame.to_pylist()
    return found


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_reads_what_every_other_wrote(tmp_path: Path, library: str, format: str) -> None:
    file = write_frame(MAKE[library](ROWS), File(tmp_path / f"a.{format}"))
    assert file.is_valid()
    for into in LIBRARIES:
        assert rows_of(read_frame(file, into=into)) == ROWS, into


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_table_is_written_in_shards_and_read_back(tmp_path: Path, library: str, format: str) -> None:
    made = ShardedDataset.from_data(MAKE[library](ROWS), tmp_path / "d", format=format, rows=4)
    assert [os.path.basename(name) for name in made.filenames] == [f"part-0000{n}.{format}" for n in range(3)]
    assert rows_of(made.load(library)) == ROWS
    assert rows_of(made.load(library, max_shards=2)) == ROWS[:8]
    assert [len(shard) for shard in made.load_shards(library)] == [4, 4, 2]
    assert ShardedDataset(tmp_path / "d").format == format


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 30), rows=st.integers(1, 40))
def test_shards_are_as_large_as_was_said_and_leave_nothing_over(
    tmp_path: Path, count: int, rows: int
) -> None:
    made = ShardedDataset.from_data(pd.DataFrame({"n": range(count)}), tmp_path, format="csv", rows=rows)
    assert list(made.load()["n"]) == list(range(count))
    assert len(made) == len(list(tmp_path.iterdir())) == max(1, -(-count // rows))


def test_a_shard_that_changed_came_or_went_makes_it_another(tmp_path: Path) -> None:
    made = ShardedDataset.from_data(pd.DataFrame(ROWS), tmp_path, rows=4)
    before = hash_value(made)
    assert hash_value(ShardedDataset(tmp_path, format="parquet", recurse=False)) == before
    (tmp_path / "other.txt").write_text("x")
    (tmp_path / ".part.parquet").write_text("x")
    assert made.is_valid()
    write_frame(pd.DataFrame(ROWS[:1]), File(tmp_path / "part-00001.parquet"))
    assert not made.is_valid()
    made.update_hash()
    (tmp_path / "part-00002.parquet").unlink()
    assert not made.is_valid()


def test_writing_the_same_again_leaves_it_what_it_was(tmp_path: Path) -> None:
    made = ShardedDataset.from_data(pd.DataFrame(ROWS), tmp_path, rows=4)
    again = ShardedDataset.from_data(pd.DataFrame([*ROWS[:9], {**ROWS[9], "n": 99}]), tmp_path, rows=4)
    assert [one == other for one, other in zip(made, again, strict=True)] == [True, True, False]
    fewer = ShardedDataset.from_data(pd.DataFrame(ROWS[:4]), tmp_path, rows=4)
    assert [os.path.basename(name) for name in fewer.filenames] == ["part-00000.parquet"]


def test_the_format_counts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text('{"n":1}\n')
    hashes = {hash_value(ShardedDataset(tmp_path, format, suffix=".txt")) for format in ("csv", "json")}
    assert len(hashes) == 2


def test_it_travels_and_keeps_what_it_was(tmp_path: Path) -> None:
    made = ShardedDataset.from_data(pd.DataFrame(ROWS), tmp_path / "[a] *", format="json", rows=4)
    for other in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert other == made
        assert (other.format, other.folder, other.recurse) == ("json", made.folder, False)
        assert rows_of(other.load()) == ROWS
    assert repr(made) == f"ShardedDataset({str(tmp_path / '[a] *')!r}, format='json')"


def test_shards_below_are_found_unless_they_are_not_to_be(tmp_path: Path) -> None:
    for name in ("a.csv", "year=2013/b.csv"):
        write_frame(pd.DataFrame(ROWS[:1]), File(tmp_path / name))
    assert len(ShardedDataset(tmp_path)) == 2
    assert len(ShardedDataset(tmp_path, recurse=False)) == 1


def test_files_are_taken_as_a_dataset(tmp_path: Path) -> None:
    made = ShardedDataset.from_data(pd.DataFrame(ROWS), tmp_path, format="csv", rows=4)
    files = made.files()
    assert rows_of(ShardedDataset.from_files(files).load()) == ROWS
    with pytest.raises(UsageError, match=r"part-00002\.csv.*allow_additional_files"):
        ShardedDataset.from_files(files[:2])
    assert len(ShardedDataset.from_files(files[:2], allow_additional_files=True)) == 3
    with pytest.raises(UsageError, match="one file at least"):
        ShardedDataset.from_files([])
    with pytest.raises(UsageError, match="end alike"):
        ShardedDataset.from_files([*files, File(tmp_path / "a.json")])
    with pytest.raises(UsageError, match="is no file"):
        ShardedDataset.from_files([*files, File(tmp_path / "missing.csv")])


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (ShardedDataset, "which format"),
        (lambda p: ShardedDataset(p, "parket"), "Did you mean parquet"),
        (lambda p: ShardedDataset(p, "csv").load(), "no files that end in '.csv'"),
        (lambda p: ShardedDataset(p, "csv").load("panda"), "Did you mean pandas"),
        (lambda p: ShardedDataset.from_data([1], p), "a list is no table"),
        (lambda p: ShardedDataset.from_data(pd.DataFrame(ROWS), p, rows=0), "1 or more"),
        (lambda p: read_frame(File(p / "a")), "tells no format"),
        (lambda p: write_frame(pd.DataFrame({"a": [pd.Timestamp(0)]}), File(p / "a.avro")), "Give schema="),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, act: Callable[[Path], Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        act(tmp_path)


@pytest.mark.parametrize(
    ("module", "act", "extra"),
    [
        ("pandas", lambda file: read_frame(file, "csv"), "frames"),
        ("polars", lambda file: read_frame(file, "csv", into="polars"), "polars"),
        ("fastavro", lambda file: read_frame(file, "avro", into="arrow"), "avro"),
    ],
)
def test_what_is_not_installed_is_answered_with_the_line_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, act: Any, extra: str
) -> None:
    (tmp_path / "a").write_text("n\n1\n")
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(UsageError, match=rf"pip install 'headwater\[{extra}\]'"):
        act(File(tmp_path / "a"))


ran: list[str] = []


@task
def count(shard: File, add: int = 0) -> int:
    ran.append(shard.basename())
    return len(read_frame(shard)) + add


@task
def total(counts: list[int]) -> int:
    ran.append("total")
    return sum(counts)


@task
def main(data: ShardedDataset) -> int:
    ran.append("main")
    return total(data.map(count, add=1))


def check_reactivity(place: str, project_root: Path) -> None:
    project = create_project(project_root)

    def run() -> tuple[int, list[str]]:
        ran.clear()
        scheduler = Scheduler(project)
        value = scheduler.run(main(ShardedDataset(place)))
        scheduler.wait_recorded()
        return value, sorted(ran)

    ShardedDataset.from_data(pd.DataFrame(ROWS), place, format="csv", rows=4)
    names = [f"part-0000{n}.csv" for n in range(3)]
    assert run() == (13, ["main", *names, "total"])
    assert run() == (13, [])
    ShardedDataset.from_data(pd.DataFrame([*ROWS, ROWS[0]]), place, format="csv", rows=4)
    assert run() == (14, ["main", names[2], "total"])
    ShardedDataset.from_data(pd.DataFrame([*ROWS, *ROWS]), place, format="csv", rows=4)
    assert run() == (25, ["main", names[2], "part-00003.csv", "part-00004.csv", "total"])
    File(f"{place}/{names[0]}").remove()
    assert run() == (20, ["main", "total"])
    assert run() == (20, [])


def test_one_shard_changed_is_one_shards_work(tmp_path: Path) -> None:
    try:
        check_reactivity(str(tmp_path / "data"), tmp_path / "project")
    finally:
        from headwater.cypher import local_graph
        from headwater.cypher.project import open_project

        local_graph.stop(open_project(tmp_path / "project"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_one_shard_changed_on_s3_is_one_shards_work(bucket: str, tmp_path: Path) -> None:
    try:
        check_reactivity(f"s3://{bucket}/data", tmp_path / "project")
    finally:
        from headwater.cypher import local_graph
        from headwater.cypher.project import open_project

        local_graph.stop(open_project(tmp_path / "project"))


def test_what_is_text_stays_text(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    file = File(tmp_path / "a.json")
    row = '{"zip":"00501","n":1,"date":"2020-01-02","modified_at":"3","nested":{"day":["2020-01-02"]}}\n'
    file.write(row * 2)
    for library in LIBRARIES:
        table = read_frame(file, into=library)
        rows = table.to_dict("records") if library == "pandas" else getattr(table, _ROWS[library])()
        assert rows == 2 * [json.loads(row)], library
    texts = pandas.DataFrame({"zip": ["00501", "10001"], "date": ["2020-01-01", "1"]})
    for format in ("json", "csv", "parquet"):
        data = ShardedDataset.from_data(texts, tmp_path / format, format=format, rows=1)
        options = {"dtype": str} if format == "csv" else {}
        assert data.load(**options).to_dict("records") == texts.to_dict("records"), format


_ROWS = {"polars": "to_dicts", "arrow": "to_pylist"}


@pytest.mark.parametrize("most", [-1, 0, True])
def test_a_number_of_shards_that_cannot_be_is_refused(tmp_path: Path, most: Any) -> None:
    pandas = pytest.importorskip("pandas")
    data = ShardedDataset.from_data(pandas.DataFrame({"a": [1, 2]}), tmp_path / "d", format="csv", rows=1)
    with pytest.raises(UsageError, match="max_shards"):
        data.load(max_shards=most)


# -- compressed files, and ends in any case ----------------------------------------------------------------------------


@pytest.mark.parametrize("end", [".gz", ".bz2", ".xz", ".GZ"])
@pytest.mark.parametrize("format", ["csv", "json"])
def test_the_end_of_a_name_tells_how_a_table_is_compressed(tmp_path: Path, format: str, end: str) -> None:
    for library in LIBRARIES:
        file = write_frame(MAKE[library](ROWS), File(tmp_path / f"{library}.{format}{end}"))
        for into in LIBRARIES:
            assert rows_of(read_frame(file, into=into)) == ROWS, into
    if end != ".GZ" and format == "csv":
        assert rows_of(pd.read_csv(tmp_path / f"pandas.csv{end}")) == ROWS, "as pandas has it"


def test_shards_may_be_compressed_and_end_in_capitals(tmp_path: Path) -> None:
    made = ShardedDataset.from_data(pd.DataFrame(ROWS), tmp_path, format="csv", rows=4, suffix=".csv.gz")
    assert [os.path.basename(name) for name in made.filenames] == [f"part-0000{n}.csv.gz" for n in range(3)]
    stamps = [os.stat(name).st_mtime_ns for name in made.filenames]
    ShardedDataset.from_data(pd.DataFrame(ROWS), tmp_path, format="csv", rows=4, suffix=".csv.gz")
    assert [os.stat(name).st_mtime_ns for name in made.filenames] == stamps, "equal tables give equal files"
    os.rename(made.filenames[1], tmp_path / "PART-00001.CSV.GZ")
    told = ShardedDataset(tmp_path)
    assert (told.format, told.suffix, len(told)) == ("csv", ".csv.gz", 3)
    assert sorted(row["n"] for row in rows_of(told.load())) == list(range(10))
    assert len(ShardedDataset.from_files(told.files())) == 3
    assert len(ShardedDataset(tmp_path, suffix="0.csv.gz")) == 1
    write_frame(pd.DataFrame(ROWS), File(tmp_path / "plain.CSV"))
    assert len(ShardedDataset(tmp_path, "csv")) == 1
    with pytest.raises(UsageError, match=r"end in \.csv, \.csv\.gz\. Give one: suffix="):
        ShardedDataset(tmp_path)


def test_what_cannot_be_unpacked_is_said(tmp_path: Path) -> None:
    packed = write_frame(pd.DataFrame(ROWS), File(tmp_path / "a.csv.gz")).read("rb")
    for name, data, message in [
        ("b.csv", packed, r"b\.csv is compressed, and its name does not tell\. Name it b\.csv\.gz"),
        ("b.csv.gz", b"n\n1\n", r"b\.csv\.gz cannot be unpacked"),
        ("c.csv.gz", packed[:-9], r"c\.csv\.gz cannot be unpacked.*Is it whole"),
        ("b.csv.zst", b"", r"a \.zst file is not read here\. Unpack it first, or use \.gz"),
        ("b.parquet.gz", packed, "files of parquet compress what is in them themselves"),
    ]:
        File(tmp_path / name).write(data)
        with pytest.raises(UsageError, match=message):
            read_frame(File(tmp_path / name))
    assert rows_of(read_frame(File(tmp_path / "b.csv"), compression="gzip")) == ROWS
    with pytest.raises(UsageError, match=r"Where they end in something else, say so: suffix='\.json\.gz'"):
        ShardedDataset(tmp_path, "json").load()
