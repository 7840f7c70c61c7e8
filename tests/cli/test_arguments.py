# ruff: noqa: UP006 UP007 UP045 – people write annotations in the old forms too
"""What a task's annotations make of words on a command line."""

from __future__ import annotations

import enum
import inspect
import math
import typing
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Optional, Union

import pytest
from headwater.cypher.errors import UsageError

from headwater import ContentDir, Dir, File, FileSet, IFile, JobInfo, ProxyValue, Value
from headwater.cli._arguments import UnreadableType, reader_for
from headwater.cli._flags import bind, describe, flags_of, read_json, read_words, task_help


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Level(str, enum.Enum):
    LOW = "l"
    HIGH = "h"


class Padding(enum.Enum):
    ZERO = 0
    NONE = 1


Percent = NewType("Percent", float)


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "5", "5"),
        (str, "", ""),
        (str, "none", "none"),
        (int, "5", 5),
        (int, "-5", -5),
        (float, "2.5e-3", 0.0025),
        (float, "-1", -1.0),
        (bool, "true", True),
        (bool, "No", False),
        (bool, "0", False),
        (Path, "a/b", Path("a/b")),
        (date, "2013-01-31", date(2013, 1, 31)),
        (datetime, "2013-01-31T06:30", datetime(2013, 1, 31, 6, 30)),
        (datetime, "2013-01-31", datetime(2013, 1, 31)),
        (datetime, "2013-01-31 06:30:00.5", datetime(2013, 1, 31, 6, 30, 0, 500_000)),
        (datetime, "2013-01-31T06:30:00Z", datetime(2013, 1, 31, 6, 30, tzinfo=timezone.utc)),
        (
            datetime,
            "2013-01-31T06:30+02:00",
            datetime(2013, 1, 31, 6, 30, tzinfo=timezone(timedelta(hours=2))),
        ),
        (Colour, "RED", Colour.RED),
        (Colour, "red", Colour.RED),
        (Colour, "Colour.GREEN", Colour.GREEN),
        (Level, "HIGH", Level.HIGH),
        (Literal["fast", "slow"], "slow", "slow"),
        (Literal[1, 2], "2", 2),
        (Optional[int], "5", 5),
        (Optional[int], "none", None),
        (int | None, "7", 7),
        (str | None, "none", "none"),
        (Literal["a", "none"] | None, "none", "none"),
        (Literal["a", "None"] | int | None, "none", "None"),
        (Literal["a", "b"] | None, "none", None),
        (Literal["a", None] | None, "none", None),
        (Padding | None, "none", Padding.NONE),
        (Union[int, str], "5", 5),
        (Union[str, int], "5", 5),
        (int | str, "five", "five"),
        (Annotated[int, "metres"], "5", 5),
        (Percent, "12.5", 12.5),
        (Any, "5", "5"),
        (inspect.Parameter.empty, "5", "5"),
    ],
)
def test_a_word_becomes_the_value_its_annotation_asks_for(annotation: Any, text: str, value: object) -> None:
    read = reader_for(annotation).read(text)
    assert read == value
    assert type(read) is type(value)


def test_a_path_or_url_becomes_a_file() -> None:
    assert reader_for(File).read("a.csv").path == File("a.csv").path
    for kind, shown in ((IFile, "FILE"), (Dir, "DIR"), (ContentDir, "DIR"), (FileSet, "GLOB")):
        assert reader_for(kind).shown == shown
        assert type(reader_for(kind).read("a")) is kind
    assert isinstance(reader_for(Optional[File]).read("a.csv"), File)


@pytest.mark.parametrize(
    ("annotation", "text", "wanted"),
    [
        (int, "five", "an int"),
        (int, "5.0", "an int"),
        (int, "", "an int"),
        (float, "x", "a float"),
        (bool, "maybe", "true or false"),
        (date, "31.1.2013", "a date like 2013-01-31"),
        (date, "20130131", "a date like 2013-01-31"),
        (date, "2013-W05-4", "a date like 2013-01-31"),
        (date, "2013-02-31", "a date like 2013-01-31"),
        (datetime, "noon", "a date and time like"),
        (datetime, "20130131T0630", "a date and time like"),
        (File, "", "the path or URL of a file"),
        (Colour, "BLUE", "one of RED, GREEN"),
        (Literal["a", "b"], "c", "one of a, b"),
        (Optional[int], "x", "an int"),
        (Union[int, date], "x", "an int or a date"),
    ],
)
def test_a_word_of_the_wrong_kind_is_refused_with_what_is_wanted(
    annotation: Any, text: str, wanted: str
) -> None:
    with pytest.raises(ValueError, match="^" + wanted):
        reader_for(annotation).read(text)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (list[int], [1, 2]),
        (typing.List[int], [1, 2]),
        (list[int] | None, [1, 2]),
        (set[int], {1, 2}),
        (frozenset[int], frozenset({1, 2})),
        (tuple[int, ...], (1, 2)),
        (Sequence[int], [1, 2]),
        (list, ["1", "2"]),
    ],
)
def test_collections_are_built_from_several_words(annotation: Any, value: object) -> None:
    assert given(annotation, ["--x", "1", "2"]) == value
    assert given(annotation, ["--x", "1", "--x", "2"]) == value
    assert given(annotation, ["--x=1", "--x=2"]) == value


@pytest.mark.parametrize("annotation", [list[int] | None, Optional[typing.List[int]], set[Colour] | None])
def test_a_collection_that_may_be_none_is_none_by_that_word(annotation: Any) -> None:
    assert given(annotation, ["--x", "none"]) is None
    with pytest.raises(UsageError, match="none beside other values"):
        given(annotation, ["--x", "none", *(["RED"] if annotation == (set[Colour] | None) else ["1"])])


def test_in_a_collection_of_text_or_of_choices_named_so_none_is_an_item() -> None:
    assert given(Optional[typing.List[str]], ["--x", "none"]) == ["none"]
    assert given(list[Literal["a", "none"]] | None, ["--x", "none"]) == ["none"]


Counts = NewType("Counts", list[int])


@pytest.mark.parametrize(
    ("annotation", "value", "read"),
    [
        (list[int | None] | None, None, None),
        (list[int | None] | None, [], []),
        (list[int | None] | None, [None], [None]),
        (list[int | None] | None, [1, None], [1, None]),
        (list[int | None] | None, [None, None, "2", "none"], [None, None, 2, None]),
        (Optional[typing.List[Optional[str]]], [None, "none", 1], [None, "none", "1"]),
        (Annotated[Sequence[Annotated[int | None, "n"]] | None, "ns"], [None, 1], [None, 1]),
        (set[Colour | None] | None, ["RED", None], {Colour.RED, None}),
        (tuple[float | None, ...] | None, [None, 1], (None, 1.0)),
        (list[int | None], [None], [None]),
        (list | None, [None], [None]),
        (list[Literal["a", "none"] | None], ["none", None, "a"], ["none", None, "a"]),
        (list[Literal["a", "none"]] | None, ["none"], ["none"]),
    ],
)
def test_nulls_in_a_list_of_json_are_items_of_it(annotation: Any, value: Any, read: object) -> None:
    assert from_json(annotation, value) == read


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        (list[int] | None, [None], "null is no item of list[int] | None"),
        (list[int] | None, [1, None], "null is no item of list[int] | None"),
        (list[int] | None, ["none"], "'none' is not an int"),
        (Counts | None, [1, None], "null is no item"),
        (list[int | None], None, "null is none of the values"),
    ],
)
def test_a_null_in_a_list_of_json_that_takes_none_is_told(annotation: Any, value: Any, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        from_json(annotation, value)
    assert said in str(raised.value)


def test_of_several_words_none_is_one_where_the_items_may_be_none() -> None:
    assert given(list[int | None] | None, ["--x", "none"]) is None
    assert given(list[int | None] | None, ["--x", "1", "none"]) == [1, None]
    assert given(list[str | None] | None, ["--x", "none"]) == ["none"]


def from_json(annotation: Any, value: Any) -> object:
    def function(x: Any) -> None: ...

    function.__annotations__["x"] = annotation
    [flag] = flags_of(function, inspect.signature(function))
    return read_json(flag, value, "task")


def given(annotation: Any, words: list[str]) -> object:
    def function(x: Any) -> None: ...

    function.__annotations__["x"] = annotation
    values = read(function, words)[1]
    return values["x"]


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (dict[str, int], "dict[str, int]"),
        (list[list[int]], "list[list[int]]"),
        (tuple[int, str], "tuple[int, str]"),
        (complex, "complex"),
        (timedelta, "datetime.timedelta"),
    ],
)
def test_a_type_without_a_text_form_is_named(annotation: Any, name: str) -> None:
    with pytest.raises(UnreadableType) as caught:
        reader_for(annotation)
    assert name in str(caught.value)


def test_without_an_annotation_the_default_says_what_is_meant() -> None:
    assert reader_for(inspect.Parameter.empty, 3).read("5") == 5
    assert reader_for(inspect.Parameter.empty, False).read("yes") is True
    assert reader_for(inspect.Parameter.empty, None).read("5") == "5"


OWN = {"--no-cache": False, "--tag": True}


def read(function: Callable[..., Any], words: list[str]) -> tuple[list[Any], dict[str, Any]]:
    flags = flags_of(function, inspect.signature(function))
    return bind(read_words(words, flags, OWN, task="report").values, flags, task="report")


def report(
    year: int,
    months: list[int] = [1],  # noqa: B006
    out_file: str = "report.txt",
    plot: bool = False,
) -> None:
    """Write the report.

    One page a month.
    """


def test_flags_are_the_parameters_in_kebab_case() -> None:
    assert read(report, ["--year", "2013", "--out-file", "x"]) == ([], {"year": 2013, "out_file": "x"})
    assert read(report, ["--year=2013", "--out_file=x"]) == ([], {"year": 2013, "out_file": "x"})


def test_what_is_not_given_is_left_to_the_default() -> None:
    assert read(report, ["--year", "1"]) == ([], {"year": 1})


def test_negative_numbers_are_values() -> None:
    assert read(report, ["--year", "-5", "--months", "-1", "-2"]) == ([], {"year": -5, "months": [-1, -2]})


def test_a_switch_stands_alone_or_takes_a_word() -> None:
    for words, value in [
        (["--plot"], True),
        (["--no-plot"], False),
        (["--plot", "false"], False),
        (["--plot=no"], False),
        (["--plot", "--year", "1"], True),
    ]:
        assert read(report, [*words, "--year", "1"])[1]["plot"] is value
    with pytest.raises(UsageError, match=r"--no-plot of report stands alone. For a value: --plot=yes"):
        read(report, ["--year", "1", "--no-plot=yes"])


def test_a_list_may_be_empty() -> None:
    assert read(report, ["--year", "1", "--months"]) == ([], {"year": 1, "months": []})


def test_a_value_that_looks_like_a_flag_is_given_with_an_equals_sign() -> None:
    assert read(report, ["--year", "1", "--out-file=--tag"])[1]["out_file"] == "--tag"
    with pytest.raises(UsageError, match=r"--out-file needs TEXT.*--out-file=--plot"):
        read(report, ["--year", "1", "--out-file", "--plot"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "report needs --year INT"),
        (["--year", "x"], "--year of report: 'x' is not an int"),
        (["--year"], "--year needs INT"),
        (["--yaer", "1"], "report has no parameter --yaer. Did you mean --year?"),
        (
            ["--colour", "1"],
            "report has no parameter --colour. It takes: --year INT --months INT... --out-file TEXT",
        ),
        (["2013"], "'2013' belongs to no parameter of report. Arguments are given by name: --year INT"),
        (["-y", "1"], "'-y' belongs to no parameter"),
    ],
)
def test_wrong_words_are_refused_with_what_to_type(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(report, words)
    assert said in str(caught.value)


def test_the_commands_own_options_may_stand_among_the_parameters() -> None:
    flags = flags_of(report, inspect.signature(report))
    found = read_words(["--no-cache", "--year", "1", "--tag", "a=b", "--tag=c=d"], flags, OWN, task="report")
    assert found.own == ["--no-cache", "--tag", "a=b", "--tag=c=d"]
    assert found.values == {"year": 1}


def test_a_parameter_goes_before_an_option_of_the_same_name() -> None:
    def labelled(tag: int) -> None: ...

    flags = flags_of(labelled, inspect.signature(labelled))
    assert read_words(["--tag", "5"], flags, OWN, task="labelled").values == {"tag": 5}


def test_after_two_dashes_no_option_is_the_commands_own() -> None:
    flags = flags_of(report, inspect.signature(report))
    with pytest.raises(UsageError, match="no parameter --no-cache"):
        read_words(["--", "--no-cache"], flags, OWN, task="report")


def test_positional_and_variadic_parameters_are_passed_by_position() -> None:
    def spread(a: int, /, b: int, *rest: int, c: int = 0) -> None: ...

    assert read(spread, ["--a", "1", "--b", "2"]) == ([1], {"b": 2})
    assert read(spread, ["--a", "1", "--b", "2", "--rest", "3", "4", "--c", "5"]) == ([1, 2, 3, 4], {"c": 5})


def test_a_parameter_of_an_unreadable_type_matters_only_when_it_is_needed() -> None:
    def tuned(n: int, table: dict[str, int] = {}) -> None: ...  # noqa: B006

    def needy(table: dict[str, int]) -> None: ...

    assert read(tuned, ["--n", "1"]) == ([], {"n": 1})
    for function, words in [(tuned, ["--n", "1", "--table", "x"]), (needy, [])]:
        with pytest.raises(
            UsageError, match=r"--table of report is a dict\[str, int\], which cannot be given"
        ):
            read(function, words)


def test_help_shows_the_docstring_and_every_parameter_with_its_default() -> None:
    text = task_help("hw run flights.py report", report.__doc__, flags_of(report, inspect.signature(report)))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines == [
        "Usage: hw run flights.py report [--PARAMETER VALUE]...",
        "",
        "Write the report.",
        "",
        "One page a month.",
        "",
        "Parameters:",
        "--year INT required",
        "--months INT... default: [1]",
        "--out-file TEXT default: 'report.txt'",
        "--plot / --no-plot default: False",
    ]


def test_help_shows_defaults_as_they_are_typed() -> None:
    def typed(
        colour: Colour = Colour.RED,
        day: date = date(2013, 1, 31),
        out: Path = Path("a/b"),
        source: File = File("a.csv"),  # noqa: B008
        limit: int | None = None,
    ) -> None: ...

    rows = describe(flags_of(typed, inspect.signature(typed)))
    assert [note for _, note in rows] == [
        "default: RED",
        "default: 2013-01-31",
        "default: a/b",
        "default: a.csv",
        "default: none",
    ]


def test_a_task_with_a_parameter_called_help_still_has_help() -> None:
    def helped(help: str = "") -> None: ...

    flags = flags_of(helped, inspect.signature(helped))
    assert read_words(["--help", "me"], flags, OWN, task="helped").values == {"help": "me"}
    assert read_words(["-h"], flags, OWN, task="helped").help


def test_help_names_the_type_that_cannot_be_given() -> None:
    def needy(table: dict[str, int]) -> None: ...

    rows = describe(flags_of(needy, inspect.signature(needy)))
    assert rows == [("--table …", "a dict[str, int]: cannot be given on the command line; required")]


def test_help_leaves_out_what_is_filled_in() -> None:
    def told(n: int, info: JobInfo = JobInfo()) -> None: ...

    assert describe(flags_of(told, inspect.signature(told))) == [("--n INT", "required")]


def test_choices_are_shown() -> None:
    assert reader_for(Colour).shown == "RED|GREEN"
    assert reader_for(Optional[Literal["a", "b"]]).shown == "a|b"


class Steps(Value):
    def __init__(self, names: list[str]) -> None:
        self.names = names

    @classmethod
    def parse_arg(cls, raw_type: Any, arg: str) -> Steps:
        if not arg:
            raise ValueError("steps joined by /")
        if arg == "lost":
            raise KeyError(arg)
        return cls(arg.split("/"))


class Silent(Value):
    pass


def test_a_value_that_says_how_it_is_written_can_be_given() -> None:
    reader = reader_for(Optional[Steps])
    assert reader.read("a/b").names == ["a", "b"]
    with pytest.raises(ValueError, match="steps joined by /"):
        reader.read("")
    with pytest.raises(UnreadableType):
        reader_for(Silent)
    with pytest.raises(
        UsageError, match=r"Steps.parse_arg raised KeyError of 'lost'.*\n.*:\d+, in parse_arg"
    ):
        reader.read("lost")


class Ratio:
    def __init__(self, over: int) -> None:
        self.over = over


class RatioProxy(ProxyValue, of=Ratio):
    @classmethod
    def parse_arg(cls, raw_type: Any, arg: str) -> Any:
        if not arg.startswith("1/"):
            raise ValueError("a ratio like 1/3")
        return raw_type(int(arg[2:]))


def test_what_a_proxy_speaks_for_is_written_as_the_proxy_says() -> None:
    assert reader_for(Ratio).read("1/3").over == 3
    with pytest.raises(ValueError, match="a ratio like 1/3"):
        reader_for(Ratio).read("3")


@pytest.mark.parametrize(
    "annotation", [Callable, Callable[[float], float], typing.Callable, Optional[Callable]]
)
def test_a_function_is_given_by_its_name_and_that_of_its_module(annotation: Any) -> None:
    reader = reader_for(annotation)
    assert reader.shown == "FUNCTION"
    assert reader.read("math.floor") is math.floor
    assert reader.read("pathlib.Path.cwd") == Path.cwd
    for none in ("floor", "math.pi", "math.flour", "no_module.f", "", ".", "math."):
        with pytest.raises(ValueError, match="the name of a function with that of its module"):
            reader.read(none)
