"""Secrets do not reach the recorded command."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from headwater.engine.redaction import redact, redact_prose
from hypothesis import given
from hypothesis import strategies as st


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
        (['--context=a={"token": "t", "user": "u"}'], ['--context=a={"token": "***", "user": "u"}']),
        (['a={"db": {"password": "p w", "n": 1}}'], ['a={"db": {"password": "***", "n": 1}}']),
        (['{"token":12345,"x":[{"api_key":null}]}'], ['{"token":***,"x":[{"api_key":***}]}']),
        (['{"tokens": {"a": "b}", "c": ["d"]}, "e": 1}'], ['{"tokens": ***, "e": 1}']),
        (['{"my password": "a\\"b", "x": 1}'], ['{"my password": "***", "x": 1}']),
        (['{"tok\\u0065n": "a\\\\", "x": 1}'], ['{"tok\\u0065n": "***", "x": 1}']),
        (['{"a": "{\\"token\\": \\"b\\"}", "x": 1}'], ['{"a": "{\\"token\\": \\"***\\"}", "x": 1}']),
        (['{"a": "Authorization: Digest b, c=d", "x": 1}'], ['{"a": "Authorization: ***", "x": 1}']),
        (["{'token': 'a', 'x': 1}"], ["{'token': '***', 'x': 1}"]),
        (["{token: a, x: 1}"], ["{token: ***, x: 1}"]),
        (['{"token": "never ends'], ['{"token": "***"']),
        (['{"token": {"a": "never ends'], ['{"token": ***']),
        (["-H", "Authorization: Bearer abc"], ["-H", "Authorization: ***"]),
        (["curl -H 'Authorization: Bearer abc' http://h/"], ["curl -H 'Authorization: ***' http://h/"]),
        (["curl -H X-Api-Key:abc -v"], ["curl -H X-Api-Key:*** -v"]),
        (["password: my own\nuser: ann"], ["password: ***\nuser: ann"]),
        (["--header=Bearer abc"], ["--header=Bearer ***"]),
        (["--authorization", "abc"], ["--authorization", "***"]),
        (["AccountName=a;AccountKey=bc==;x=y"], ["AccountName=a;AccountKey=***;x=y"]),
        (["Server=h,password=x"], ["Server=h,password=***"]),
        (["--db-pass", "x"], ["--db-pass", "***"]),
        (["{'token': ('abc', 'defgh'), 'x': 1}"], ["{'token': ***, 'x': 1}"]),
        (["{'token': b'ab,cdef', 'x': 1}"], ["{'token': '***', 'x': 1}"]),
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
        ["--tokenizer=bert", "--max-tokens", "100", "max_tokens=100"],
        ["--tag", "team=assay"],
        ['--context=a={"model": {"rate": 0.1, "author": "ann"}}'],
        ["s3://bucket/key:1", "at 10:30", "C:\\data", "{'path': 'a'}"],
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


def test_in_texts_that_people_write_a_colon_makes_no_secret() -> None:
    texts = [
        *("Compare tokens: bert against gpt", "primary key: user_id"),
        *(
            "name=value",
            "rate=0.1 depth=3",
            "stage=pass",
            "sort by=key",
            "author=ann",
            "a=b, c=d; max_tokens=512",
        ),
    ]
    assert redact_prose(texts) == texts
    told = "ticket password=hunter4 https://u:hunter5@h/x {'token': 'a'}"
    assert redact_prose([told]) == ["ticket password=*** https://***@h/x {'token': '***'}"]


@pytest.mark.parametrize("name", ["DB_PASS", "STRIPE_KEY", "SESSION_COOKIE"])
def test_variables_of_every_secret_name_count(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "sk_live_123456")
    assert redact(["curl -u x:sk_live_123456", f"in {os.getcwd()}"]) == ["curl -u x:***", f"in {os.getcwd()}"]


def test_values_of_secret_environment_variables_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "abc-def-ghi")
    assert redact(["fetch", "x abc-def-ghi y", "--a=abc-def-ghi"]) == ["fetch", "x *** y", "--a=***"]


_TEXT = st.text("ab\"'\\{}[],: =\n", max_size=6)
_HELD = st.recursive(
    _TEXT | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_KEPT = st.dictionaries(
    st.sampled_from(["token", "db_password", "apiKey"]),
    st.builds(lambda text: f"{text}HUNTER2{text}", _TEXT) | st.lists(st.just("HUNTER2"), max_size=2),
    min_size=1,
)
_HOLDING = st.recursive(
    st.builds(
        lambda before, kept, after: {**before, **kept, **after},
        *[st.dictionaries(_TEXT, _HELD), _KEPT],
        _KEPT,
    ),
    lambda inner: st.lists(inner | _HELD, max_size=3) | st.dictionaries(_TEXT, inner | _HELD, max_size=3),
    max_leaves=4,
)


def _twice(held: Any) -> str:
    return json.dumps({"inside": json.dumps(held), "x": 1})


@given(
    held=_HOLDING,
    written=st.sampled_from([json.dumps, repr, _twice]),
    before=st.sampled_from(["", "a=", "--a=b="]),
)
def test_what_stands_under_a_secret_name_in_json_is_hidden_whatever_stands_around_it(
    held: Any, written: Callable[[Any], str], before: str
) -> None:
    word = before + written(held)
    [safe] = redact([word])
    assert "HUNTER2" not in safe
