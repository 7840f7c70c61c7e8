"""Secrets do not reach the recorded command."""

from __future__ import annotations

import pytest

from headwater.cli._redact import redact


@pytest.mark.parametrize(
    ("words", "safe"),
    [
        (["--password", "hunter2"], ["--password", "***"]),
        (["--password=hunter2"], ["--password=***"]),
        (["--db-password", "hunter2", "--year", "1"], ["--db-password", "***", "--year", "1"]),
        (["--tokens", "a", "b", "--year", "1"], ["--tokens", "***", "***", "--year", "1"]),
        (["--githubToken=x"], ["--githubToken=***"]),
        (["--api-key", "x"], ["--api-key", "***"]),
        (["--client_secret", "x"], ["--client_secret", "***"]),
        (["--key=x"], ["--key=***"]),
        (["--setup=db_password=hunter2"], ["--setup=db_password=***"]),
        (["--context=token=abc", "--tag=team=assay"], ["--context=token=***", "--tag=team=assay"]),
        (["--setup=url=https://ann:pw@h/a?sig=b"], ["--setup=url=https://***@h/a?sig=***"]),
        (["curl --token hunter2 'https://a:b@h/c'  -v"], ["curl --token *** ***  ***"]),
        (["fetch --password=x\nsend"], ["fetch --password=***\n***"]),
        (["--password=my own phrase"], ["--password=***"]),
        (["token=my own phrase"], ["token=***"]),
        (["--param", "token=x"], ["--param", "token=***"]),
        (["--tag", "api_key=x"], ["--tag", "api_key=***"]),
        (["--url", "https://ann:pw@host/a?b=c"], ["--url", "https://***@host/a?b=c"]),
        (["--url=postgresql://ann:p@ss@host/db"], ["--url=postgresql://***@host/db"]),
        (["s3://bucket/a?X-Amz-Signature=abc&part=2"], ["s3://bucket/a?X-Amz-Signature=***&part=2"]),
        (["https://h/a?sig=abc&token=d#x"], ["https://h/a?sig=***&token=***#x"]),
    ],
)
def test_secret_values_are_hidden(words: list[str], safe: list[str]) -> None:
    assert redact(words) == safe


@pytest.mark.parametrize(
    "words",
    [
        ["run", "flights.py", "report", "--year", "2013"],
        ["--author", "ann"],
        ["--keyword", "x"],
        ["--compass", "north"],
        ["https://host/a@b?monkey=1"],
        ["--mail", "ann@example.org"],
        ["--tag", "team=assay"],
    ],
)
def test_everything_else_is_recorded_as_typed(words: list[str]) -> None:
    assert redact(words) == words


def test_flags_may_be_named_as_secret() -> None:
    assert redact(["--login", "x", "--year", "1"], secret={"--login"}) == ["--login", "***", "--year", "1"]


def test_names_in_words_may_be_named_as_secret() -> None:
    words = ["--setup=login=x", "-s", "login=y", "--setup", "slots=3"]
    safe = ["--setup=login=***", "-s", "login=***", "--setup", "slots=3"]
    assert redact(words, secret={"login"}) == safe
