"""Read-only queries: what is refused, what passes, and that white space, comments and case change nothing."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from headwater.cypher.errors import QueryRefused
from headwater.cypher.guard import check_read_only
from headwater.cypher.tokens import SIGN, WORD, Token, Unreadable, tokenize
from hypothesis import given, settings
from hypothesis import strategies as st

DIALECTS = ("neo4j", "local")


def lines(name: str) -> list[str]:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return [line.replace("⏎", "\n") for line in text.split("\n") if line and not line.startswith("# ")]


REFUSED = [(line.split(" | ", 1)[0], line.split(" | ", 1)[1]) for line in lines("refused.txt")]
HONEST = lines("honest.txt")


def refused(query: str, dialect: str) -> bool:
    try:
        check_read_only(query, dialect)
    except QueryRefused:
        return True
    return False


def test_there_are_enough_of_both() -> None:
    assert len({query for _, query in REFUSED}) >= 300
    assert len(set(HONEST)) >= 300


@pytest.mark.parametrize(("why", "query"), REFUSED)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_attempt_is_refused_and_its_word_named(dialect: str, why: str, query: str) -> None:
    with pytest.raises(QueryRefused) as caught:
        check_read_only(query, dialect)
    assert why in str(caught.value)


@pytest.mark.parametrize("query", HONEST)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_honest_query_passes(dialect: str, query: str) -> None:
    check_read_only(query, dialect)


@pytest.mark.parametrize(
    "character", ["\0", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"]
)
def test_control_characters_are_refused_wherever_they_stand(character: str) -> None:
    for query in f"RETURN{character}1", f"RETURN '{character}'", f"RETURN 1 // {character}\n":
        with pytest.raises(QueryRefused, match="character"):
            check_read_only(query, "neo4j")


@pytest.mark.parametrize("character", ["\u00a0", "\u2003", "\u3000", "\ufeff", "\u200b", "\u180e"])
def test_exotic_white_space_is_refused_outside_quotes_only(character: str) -> None:
    with pytest.raises(QueryRefused, match="some servers read as white space"):
        check_read_only(f"MATCH (n){character}RETURN n", "neo4j")
    check_read_only(f"RETURN '{character}'", "neo4j")


@pytest.mark.parametrize("word", ["\u017fET", "\u017fet", "in\u017fert", "\u017fET\u017f"[:3]])
def test_letters_that_become_latin_in_capitals_do_not_hide_keywords(word: str) -> None:
    with pytest.raises(QueryRefused):
        check_read_only(f"MATCH (n) {word} n.x = 1", "neo4j")


def test_the_message_says_where_and_what_to_do() -> None:
    with pytest.raises(QueryRefused) as caught:
        check_read_only("MATCH (n)\nWHERE n.x = 'é'\n  SET n.x = 1", "local")
    message = str(caught.value)
    assert "at 3:3: SET changes properties or labels." in message
    assert "put it into backticks: `SET`" in message


def test_each_store_has_its_own_procedures() -> None:
    query = "MATCH (c) CALL path.subgraphNodes(c, {}) YIELD node RETURN node"
    check_read_only(query, "local")
    assert refused(query, "neo4j")


# -- layout never changes the verdict --------------------------------------------------------------------------

COMMENT = st.one_of(
    st.text("abc SET;'\"`{", max_size=8).map(lambda text: f"/*{text}*/"),
    st.text("abc CREATE;'\"`/*", max_size=8).map(lambda text: f"//{text}\n"),
)
GAP = st.lists(st.one_of(st.sampled_from([" ", "\n", "\t", "\r\n"]), COMMENT), max_size=3).map("".join)


def spelled(query: str, tokens: list[Token]) -> list[str]:
    ends = [*(token.position for token in tokens[1:]), len(query)]
    out = []
    for token, end in zip(tokens, ends, strict=True):
        if token.kind in (WORD, SIGN) or token.text[0].isdigit():
            out.append(token.text)
        else:
            raw = query[token.position : end]
            quoted = re.match(
                r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`]|``)*`|\.\d\S*", raw, re.DOTALL
            )
            assert quoted is not None
            out.append(quoted.group())
    return out


def readable(query: str) -> bool:
    try:
        return bool(tokenize(query))
    except Unreadable:
        return False


CASES = [query for query in itertools.chain((q for _, q in REFUSED), HONEST) if readable(query)]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_white_space_comments_and_case_never_change_the_verdict(data: st.DataObject) -> None:
    query = data.draw(st.sampled_from(CASES))
    dialect = data.draw(st.sampled_from(DIALECTS))
    tokens = tokenize(query)
    written = data.draw(GAP)
    before = ""
    for token, spelling in zip(tokens, spelled(query, tokens), strict=True):
        text = spelling
        if token.kind == WORD:
            text = data.draw(st.sampled_from([text, text.upper(), text.lower(), text.title()]))
        gap = data.draw(GAP)
        # what would grow together, or turn into a comment, stays apart
        glued = (before[-1:] + text[:1]).replace("_", "a")
        apart = not gap and (
            glued.isalnum() or glued in ("//", "/*", "..", ".0") or re.match(r"\.\d|\d\.", glued)
        )
        apart = apart or (not gap and before[-1:] == text[:1] and text[:1] in "'\"`")
        written += (" " if apart or (gap.startswith("/") and before.endswith("/")) else "") + gap + text
        before = text
    written += data.draw(GAP)
    assert refused(written, dialect) == refused(query, dialect), written


PIECES = re.findall(
    r"\S+",
    r"""MATCH RETURN SET CREATE CALL { } ( ) [ ] : . , ; $ | ' " ` // /* */ \ \u0027 1 x n `q` 's' IN LOAD CSV""",
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=12))
def test_any_text_is_either_refused_or_passes_and_nothing_else_happens(parts: list[str]) -> None:
    for glue in "", " ", "\n":
        refused(glue.join(parts), "neo4j")
