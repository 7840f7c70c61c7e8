"""The tokens of a Cypher query.

Both stores' lexers agree on what this tokenizer accepts; where servers may read a text in different ways (escapes
that stand for quotes, exotic white space), it refuses the text instead of choosing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

WORD = "word"
QUOTED_NAME = "quoted name"
STRING = "string"
NUMBER = "number"
SIGN = "sign"


class Token(NamedTuple):
    kind: str
    text: str
    """as written; of a quoted name, what it stands for"""
    position: int

    @property
    def key(self) -> str:
        """What a server may take a word for: in capitals, also of letters that only capitalise to Latin ones."""
        return self.text.lower().upper() if self.kind == WORD else ""


class Unreadable(Exception):
    """A text that is not Cypher, or not the same Cypher for every server."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(what)
        self.position = position
        self.what = what


_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<comment>//[^\r\n]*|/\*.*?\*/)
  | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<quoted>`(?:[^`]|``)*`)
  | (?P<number>(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|(?:[0-9][0-9_]*)?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?
      |[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)(?!\w))
  | (?P<word>[^\W\d]\w*)
  | (?P<sign>\.\.|/(?!\*)|[-+*%^=<>!&|~?,.:;()\[\]{}$])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\u+([0-9a-fA-F]{4})|\\U+([0-9a-fA-F]{8})")
_UNTERMINATED = {"'": "string", '"': "string", "`": "quoted name", "/": "comment", "\\": "escape"}


def tokenize(text: str) -> list[Token]:
    """The tokens of a query, without white space and comments.

    Raises:
        Unreadable: control characters, unterminated strings or comments, or escapes that may end a string.
    """
    _check_characters(text)
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Unreadable(position, _what_is_wrong(text, position))
        kind, found = str(match.lastgroup), match.group()
        if kind in ("word", "number", "sign"):
            tokens.append(Token(kind, found, position))
        elif kind == "quoted":
            tokens.append(Token(QUOTED_NAME, found[1:-1].replace("``", "`"), position))
        elif kind == "string":
            tokens.append(Token(STRING, found, position))
        position = match.end()
    return tokens


def parameters(tokens: Iterable[Token]) -> list[Token]:
    """The names of the parameters that a query asks for, each as often as it does."""
    return [
        token
        for before, token in pairwise(tokens)
        if before.kind == SIGN and before.text == "$" and token.kind in (WORD, QUOTED_NAME)
    ]


def _check_characters(text: str) -> None:
    for position, char in enumerate(text):
        code = ord(char)
        if (code < 32 and char not in "\t\n\r") or 127 <= code < 160 or code in (0x2028, 0x2029):
            raise Unreadable(position, f"a control character (U+{code:04X})")
        if 0xD800 <= code < 0xE000:
            raise Unreadable(position, f"half a character (U+{code:04X})")
    for match in _ESCAPE.finditer(text):
        code = int(match.group(1) or match.group(2), 16)
        if code > 0x10FFFF or not (chr(code) == " " or chr(code).isprintable()):
            raise Unreadable(
                match.start(), f"an escape ({match.group()}) that stands for no printable character"
            )
        if code < 128 and not chr(code).isalnum() and chr(code) not in " _":
            raise Unreadable(
                match.start(),
                f"an escape ({match.group()}) for {chr(code)!r}, which some servers take as the character "
                "itself. Write the character, or pass the text as a parameter",
            )


def _what_is_wrong(text: str, position: int) -> str:
    char = text[position]
    if char == "\\":
        return "a backslash outside a string: escapes cannot spell keywords here"
    if char in _UNTERMINATED and (char != "/" or text.startswith("/*", position)):
        return f"a {_UNTERMINATED[char]} that does not end"
    if char.isdigit():
        return "a number that runs into a word: put a space between them"
    if ord(char) > 127:
        return f"the character U+{ord(char):04X} outside quotes, which some servers read as white space"
    return f"{char!r}, which has no meaning in Cypher here"
