"""What has rows, columns or branches fits the terminal that it is shown on; in a pipe it is whole."""

from __future__ import annotations

import re
import unicodedata

import pytest

from .conftest import Shell

ANSWERS = [
    ("log",),
    ("trace", "copy.txt"),
    ("trace", "copy.txt", "--derivation"),
    ("trace", "copy.txt", "--files"),
    ("trace", "task:lab.total"),
    ("find",),
    ("find", "runs"),
    ("find", "files"),
    ("impact", "in.txt", "--list", "calls", "--list", "runs", "--list", "files"),
    ("audit", "--list"),
    ("query", "--list"),
    ("query", "--explain", "MATCH (j:Job) WHERE j.status = 'DONE' AND j.task_name = 'lab.double' RETURN j"),
    (
        "query",
        "UNWIND [1] AS n RETURN 'aaaaaaaaaaaaaa' AS a, 'bbbbbbbbbbbbbbbbb' AS b, 'c' AS c, 'd…' AS last",
    ),
]


def wide(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


@pytest.mark.parametrize("columns", [24, 40])
def test_no_line_is_wider_than_the_terminal(lab: Shell, columns: int) -> None:
    for words in ANSWERS:
        answer = lab(*words, COLUMNS=str(columns))
        assert answer.code in (0, 1), answer.err
        too_wide = [line for line in _rows(answer.out) if wide(line) > columns]
        assert not too_wide, words


def _rows(out: str) -> list[str]:
    """The lines but those that are sentences, which wrap."""
    return [
        line
        for line in out.splitlines()
        if not line.startswith(("  calls", "  files", "file /", "  perhaps"))
    ]


def test_in_a_pipe_no_line_is_cut(lab: Shell) -> None:
    for words in ANSWERS:
        assert lab(*words).out == lab(*words, COLUMNS="1000").out, words


def test_a_branch_keeps_its_id_and_a_path_its_end(lab: Shell) -> None:
    whole = lab("trace", "copy.txt").out.splitlines()
    cut = lab("trace", "copy.txt", COLUMNS="44").out.splitlines()
    ids = re.compile(r"  ([0-9a-f]{8})\b")
    assert [ids.findall(line) for line in cut[:4]] == [ids.findall(line) for line in whole[:4]]
    assert re.fullmatch(r"file …\S*copy\.txt  [0-9a-f]{8}", cut[0])
    assert cut[1].startswith("└─ made by: lab.copy(")


def test_a_table_leaves_out_what_stands_before_its_last_column(lab: Shell) -> None:
    query = "RETURN 'first' AS id, 'b' AS short, 'ccccccccccccc' AS third, 'dddddddddddd' AS fourth, 'eeeee' AS last"
    assert lab("query", query, COLUMNS="60").out == (
        "id     short  third          fourth        last\nfirst  b      ccccccccccccc  dddddddddddd  eeeee\n"
    )
    assert lab("query", query, COLUMNS="40").out == (
        "id     short  third          …  last\nfirst  b      ccccccccccccc     eeeee\n"
    )
    assert lab("query", query, COLUMNS="20").out == "id     …  last\nfirst     eeeee\n"
    assert lab("query", query, COLUMNS="10").out == "id  …  l…\nf…     e…\n"
