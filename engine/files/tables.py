"""Tables in files: what reads and writes each format, by which library, and the extra that brings it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from typing import Any

from headwater.cypher.errors import UsageError
from headwater.cypher.settings import nearest
from headwater.engine.files.compressed import ends_of, packed, unpacked
from headwater.engine.files.file import File

FORMATS = ("parquet", "csv", "json", "orc", "avro")
"""`json` has one object a line"""
LIBRARIES = ("pandas", "polars", "arrow")
_SUFFIXES = {
    **{f".{name}": name for name in FORMATS},
    ".pq": "parquet",
    ".jsonl": "json",
    ".ndjson": "json",
}
_EXTRAS = {"pandas": "frames", "pyarrow": "frames", "polars": "polars", "fastavro": "avro"}


def read_frame(file: File, format: str | None = None, *, into: str = "pandas", **options: Any) -> Any:
    """The table in a file, here or at a URL.

    Args:
        format: `parquet`, `csv`, `json` (one object a line), `orc` or `avro`; default what the name ends in. CSV and
            JSON may be compressed: `.gz`, `.bz2` or `.xz` behind it says so.
        into: `pandas`, `polars` or `arrow`: whose table it is to be.
        **options: for the library's own reader of that format (`columns=`, `dtype=`, …).

    Raises:
        UsageError: an unknown format or library, or one that is not installed; the message has the line to type. Or the
            file is empty, or cannot be unpacked.
        FileNotFoundError: there is no such file.
        Exception: whatever the library raises where the file is not of that format.
    """
    kind = format_of(file, format)
    check_word("into", into, LIBRARIES)
    data = file.read("rb") if "compression" in options else unpacked(file, kind)
    if not data and kind != "json":
        raise UsageError(
            f"{file.path} is empty, so there is no table in it. Has whoever writes it ended well?"
        )
    return _READERS[into, kind](BytesIO(data), options)


def write_frame(frame: Any, file: File, format: str | None = None, **options: Any) -> File:
    """Write a table of pandas, polars or Arrow into a file, here or at a URL.

    Args:
        format: as of `read_frame`.
        **options: for the library's own writer of that format.

    Returns:
        The file, as it is now.

    Raises:
        UsageError: as of `read_frame`; or it is no table of these libraries.
    """
    file.write(encoded(frame, file, format_of(file, format), options), mode="wb")
    return file


def encoded(frame: Any, file: File, format: str, options: dict[str, Any]) -> bytes:
    """A table as the bytes of a file of a known format; the rest as of `write_frame`."""
    data = BytesIO()
    _WRITERS[library_of(frame), format](frame, data, dict(options))
    made = data.getvalue()
    return made if "compression" in options else packed(made, file, format)


def format_of(file: File, format: str | None) -> str:
    """The format of a file: the one given, else the one that its name ends in.

    Raises:
        UsageError: it is not known.
    """
    if format is not None:
        return check_word("format", format, FORMATS)
    found = suffix_format(file.basename())
    if found is None:
        raise UsageError(f"{file.path}: its name tells no format. Give one: format={FORMATS[0]!r}, …")
    return found


def suffix_format(name: str) -> str | None:
    """The format that the end of a name tells, or None."""
    return _SUFFIXES.get(ends_of(name)[0])


def check_word(name: str, word: str, known: tuple[str, ...]) -> str:
    """A word, if it is one of those that are known.

    Raises:
        UsageError: it is not.
    """
    if word not in known:
        raise UsageError(f"{name}={word!r} is not known.{nearest(str(word), known)}")
    return word


def library_of(frame: Any) -> str:
    """The library whose table something is.

    Raises:
        UsageError: it is none of ours.
    """
    cls = type(frame)
    found = {"pandas": "pandas", "polars": "polars", "pyarrow": "arrow"}.get(cls.__module__.partition(".")[0])
    if found is None or cls.__name__ not in ("DataFrame", "Table"):
        raise UsageError(
            f"a {cls.__qualname__} is no table: a DataFrame of pandas or polars, or an Arrow table, is needed"
        )
    return found


def slices(frame: Any, rows: int) -> list[Any]:
    """A table in pieces of so many rows; one empty piece where it has none."""
    starts = range(0, max(len(frame), 1), rows)
    if library_of(frame) == "pandas":
        return [frame.iloc[start : start + rows] for start in starts]
    return [frame.slice(start, rows) for start in starts]


def joined(frames: list[Any], into: str) -> Any:
    """Tables of one library below each other."""
    if into == "pandas":
        return _need("pandas").concat(frames, ignore_index=True)
    if into == "polars":
        return _need("polars").concat(frames)
    return _need("pyarrow").concat_tables(frames)


def _need(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        top = module.partition(".")[0]
        raise UsageError(f"{top} is not installed. Type: pip install 'headwater[{_EXTRAS[top]}]'") from error


_Reader = Callable[[BytesIO, dict[str, Any]], Any]
_Writer = Callable[[Any, BytesIO, dict[str, Any]], None]


def _read_avro(data: BytesIO, _: dict[str, Any]) -> Any:
    return _need("pyarrow").Table.from_pylist(list(_need("fastavro").reader(data)))


def _write_avro(table: Any, data: BytesIO, options: dict[str, Any]) -> None:
    avro = _need("fastavro")
    types = {"int64": "long", "int32": "int", "double": "double", "float": "float", "bool": "boolean"}
    fields = [
        {"name": field.name, "type": ["null", types.get(str(field.type), "string")]} for field in table.schema
    ]
    unknown = [
        field for field in table.schema if str(field.type) not in types and "string" not in str(field.type)
    ]
    if unknown and "schema" not in options:
        raise UsageError(
            f"avro: the column {unknown[0].name!r} is of type {unknown[0].type}. Give schema=…, as fastavro takes it"
        )
    schema = options.pop("schema", {"type": "record", "name": "row", "fields": fields})
    avro.writer(data, schema, table.to_pylist(), **options)


def _write_lines(table: Any, data: BytesIO, options: dict[str, Any]) -> None:
    _need("pandas")
    table.to_pandas().to_json(data, orient="records", lines=True, **options)


def _read_lines_pandas(data: BytesIO, options: dict[str, Any]) -> Any:
    """JSON says what is text and what is a number; pandas would guess again."""
    pandas = _need("pandas")
    plain: dict[str, Any] = {"lines": True, "dtype": False}
    if tuple(int(part) for part in pandas.__version__.split(".")[:2]) < (3, 1):
        plain["convert_dates"] = False  # later, `dtype` says that, too
    return pandas.read_json(data, **{**plain, **options})


def _read_lines(data: BytesIO, options: dict[str, Any]) -> Any:
    """JSON as an Arrow table, with text as text, where Arrow would make times of some."""
    arrow, json = _need("pyarrow"), _need("pyarrow.json")
    table = json.read_json(data, **options)
    texts = [arrow.field(field.name, _with_text(arrow, field.type)) for field in table.schema]
    if options.get("parse_options") is not None or arrow.schema(texts).equals(table.schema):
        return table
    data.seek(0)
    return json.read_json(
        data, **{**options, "parse_options": json.ParseOptions(explicit_schema=arrow.schema(texts))}
    )


def _with_text(arrow: Any, kind: Any) -> Any:
    """A type with text in the place of every time in it."""
    if arrow.types.is_timestamp(kind):
        return arrow.string()
    if arrow.types.is_list(kind):
        return arrow.list_(_with_text(arrow, kind.value_type))
    if arrow.types.is_struct(kind):
        return arrow.struct([arrow.field(one.name, _with_text(arrow, one.type)) for one in kind])
    return kind


_READERS: dict[tuple[str, str], _Reader] = {
    ("pandas", "parquet"): lambda data, o: _need("pandas").read_parquet(data, **o),
    ("pandas", "csv"): lambda data, o: _need("pandas").read_csv(data, **o),
    ("pandas", "json"): _read_lines_pandas,
    ("pandas", "orc"): lambda data, o: _need("pandas").read_orc(data, **o),
    ("pandas", "avro"): lambda data, o: _read_avro(data, o).to_pandas(),
    ("polars", "parquet"): lambda data, o: _need("polars").read_parquet(data, **o),
    ("polars", "csv"): lambda data, o: _need("polars").read_csv(data, **o),
    ("polars", "json"): lambda data, o: _need("polars").read_ndjson(data, **o),
    ("polars", "orc"): lambda data, o: _need("polars").from_arrow(_need("pyarrow.orc").read_table(data, **o)),
    ("polars", "avro"): lambda data, o: _need("polars").read_avro(data, **o),
    ("arrow", "parquet"): lambda data, o: _need("pyarrow.parquet").read_table(data, **o),
    ("arrow", "csv"): lambda data, o: _need("pyarrow.csv").read_csv(data, **o),
    ("arrow", "json"): _read_lines,
    ("arrow", "orc"): lambda data, o: _need("pyarrow.orc").read_table(data, **o),
    ("arrow", "avro"): _read_avro,
}


def _arrow(frame: Any) -> Any:
    return _need("pyarrow").Table.from_pandas(frame, preserve_index=False)


_WRITERS: dict[tuple[str, str], _Writer] = {
    ("pandas", "parquet"): lambda f, data, o: f.to_parquet(data, **{"index": False, **o}),
    ("pandas", "csv"): lambda f, data, o: f.to_csv(data, **{"index": False, **o}),
    ("pandas", "json"): lambda f, data, o: f.to_json(data, **{"orient": "records", "lines": True, **o}),
    ("pandas", "orc"): lambda f, data, o: _need("pyarrow.orc").write_table(_arrow(f), data, **o),
    ("pandas", "avro"): lambda f, data, o: _write_avro(_arrow(f), data, o),
    ("polars", "parquet"): lambda f, data, o: f.write_parquet(data, **o),
    ("polars", "csv"): lambda f, data, o: f.write_csv(data, **o),
    ("polars", "json"): lambda f, data, o: f.write_ndjson(data, **o),
    ("polars", "orc"): lambda f, data, o: _need("pyarrow.orc").write_table(f.to_arrow(), data, **o),
    ("polars", "avro"): lambda f, data, o: f.write_avro(data, **o),
    ("arrow", "parquet"): lambda f, data, o: _need("pyarrow.parquet").write_table(f, data, **o),
    ("arrow", "csv"): lambda f, data, o: _need("pyarrow.csv").write_csv(f, data, **o),
    ("arrow", "json"): _write_lines,
    ("arrow", "orc"): lambda f, data, o: _need("pyarrow.orc").write_table(f, data, **o),
    ("arrow", "avro"): _write_avro,
}
