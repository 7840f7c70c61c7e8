"""What can be told of a person's query from its tokens, before and after it is sent."""

from __future__ import annotations

from headwater.cypher.tokens import QUOTED_NAME, SIGN, WORD, Token, Unreadable, tokenize

_OPENING, _CLOSING = "([{", ")]}"
_AFTER_ITEMS = {"ORDER", "SKIP", "OFFSET", "LIMIT", "UNION", "NEXT"}


def one_statement(text: str) -> str:
    """The query without the semicolon that may end it."""
    tokens = _tokens(text)
    if tokens and tokens[-1].kind == SIGN and tokens[-1].text == ";":
        at = tokens[-1].position
        return text[:at] + text[at + 1 :]
    return text


def unexplained(text: str) -> str:
    """The query without the word that may stand before it to ask for its plan."""
    tokens = _tokens(text)
    if tokens and tokens[0].key in ("EXPLAIN", "PROFILE"):
        return text[tokens[0].position + len(tokens[0].text) :]
    return text


def follows_paths(text: str) -> bool:
    """Whether there is an edge of any length in it: `-[:CALLED*0..]->`."""
    tokens = _tokens(text)
    for index, token in enumerate(tokens):
        if token.text == "[" and token.kind == SIGN and index and tokens[index - 1].text == "-":
            for inner in tokens[index + 1 :]:
                if inner.kind == SIGN and inner.text == "*":
                    return True
                if inner.kind == SIGN and inner.text in ("]", "{"):
                    break
    return False


def returned_columns(text: str) -> tuple[str, ...]:
    """The columns that a query returns, as its last RETURN names them; none where it cannot be told (`RETURN *`)."""
    tokens = _tokens(text)
    start = _last_return(tokens)
    if start is None:
        return ()
    columns: list[str] = []
    item: list[Token] = []
    depth = 0
    for token in [*tokens[start + 1 :], Token(WORD, "LIMIT", len(text))]:
        if token.kind == SIGN:
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
        ends = depth == 0 and (
            (token.kind == SIGN and token.text in (",", ";"))
            or (token.key in _AFTER_ITEMS and bool(item) and not _is_name_after(item[-1]))
        )
        if not ends:
            if item or token.key != "DISTINCT":
                item.append(token)
            continue
        columns.append(_column(text, item, token.position))
        item = []
        if token.text != ",":
            break
    return () if "*" in columns else tuple(columns)


def _tokens(text: str) -> list[Token]:
    try:
        return tokenize(text)
    except Unreadable:
        return []


def _last_return(tokens: list[Token]) -> int | None:
    """Where the last RETURN stands that is in no block."""
    found, depth = None, 0
    for index, token in enumerate(tokens):
        if token.kind == SIGN:
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
        elif depth == 0 and token.key == "RETURN" and not (index and _is_name_after(tokens[index - 1])):
            found = index
    return found


def _is_name_after(before: Token) -> bool:
    """Whether a word after this token is a name: a property, a label, a parameter, or what comes after AS."""
    return (before.kind == SIGN and before.text in (".", ":", "$")) or before.key == "AS"


def _column(text: str, item: list[Token], end: int) -> str:
    if len(item) > 2 and item[-2].key == "AS" and item[-1].kind in (WORD, QUOTED_NAME):
        return item[-1].text
    return " ".join(text[item[0].position : end].split()) if item else ""
