"""Takes secrets out of a command line before it is recorded.

This covers the recorded command. An argument itself is a value like any other: the graph holds it, because
the cache needs it. A task should take the name of a secret and read it where it runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence

from headwater.engine.secrets import HIDDEN as HIDDEN_BYTES
from headwater.engine.secrets import Secrets, is_secret_name

HIDDEN = HIDDEN_BYTES.decode()

_SECRET = re.compile(
    r"pass(wor[dt]|wd|phrase)|secret|(?<!max[-_])token(?!i[sz])|credential|auth(?!or)|authori[sz]ation|bearer|cookie|signature"
    r"|(api|access|private|account|shared)key|(?-i:[a-z](Key|Sig|Pass)$)|(^|[-_.])(keys?|sig|sas|jwt|pass|pwd)$",
    re.I,
)
_URL_PASSWORD = re.compile(r"(?P<start>[a-z][a-z0-9+.-]*://)[^/?#\s]*@", re.I)
_FIELD = re.compile(r"(?P<start>[?&;,](?P<name>[^=&;,#\s]+)=)[^&;#\s]+")
_BEARER = re.compile(r"(?P<start>\bbearer\s+)[^\s'\"]+", re.I)
_SPACE = re.compile(r"(\s+)")
_ASSIGNMENT = re.compile(r"(?P<name>[\w.-]+)=")
_KEY = re.compile(
    r"(?:(?<!\\)(?P<quoted>[^\"'{}\[\],:\n]{1,200}?)\\{0,99}[\"']\s*:|(?<![\w./-])(?P<bare>[\w.-]{1,200})\s*:(?!//))"
    r"(?P<gap>\s*)"
)
_MARK = re.compile(r"(?<!\\)\\*[\"']|[][{}()]")
_PREFIX = re.compile(r"[bru]{1,2}(?=['\"])", re.I)


def redact(words: Sequence[str], *, secret: Collection[str] = ()) -> list[str]:
    """The words with secret values replaced by `***`.

    Hidden are the values of flags and of `name=value` words whose name speaks of a password, secret, token,
    credential or key, what stands under such a name in JSON, in a dict as Python prints it or in a header
    (`name: value`), and inside URLs the user and password and parameters of such names; in words with spaces, too.
    So are the values of environment variables of such names, wherever they stand.

    Args:
        words: argv.
        secret: further flags (with their dashes), and names in `name=value` words, whose values are to be hidden.
    """
    return _redacted([_cleaned(word, secret) for word in _without_variables(words)], secret)


def redact_prose(texts: Sequence[str]) -> list[str]:
    """As `redact`, of texts that people write: there a word and a colon (`primary key: user_id`) are no secret."""
    return [_redacted([_cleaned(text, (), headers=False)], ())[0] for text in _without_variables(texts)]


def _without_variables(texts: Sequence[str]) -> list[str]:
    """Texts without the values of secret environment variables."""
    known = Secrets(is_secret=_is_secret_variable)
    hidden = [known.hide(text.encode("utf-8", "surrogateescape")) for text in texts]
    return [text.decode("utf-8", "surrogateescape") for text in hidden]


def _is_secret_variable(name: str) -> bool:
    return name not in ("PWD", "OLDPWD") and (is_secret(name) or is_secret_name(name))


def is_secret(name: str) -> bool:
    """Whether a name says that its value is a secret: `db_password`, `api-key`, `githubToken`."""
    return _SECRET.search(name) is not None


def _cleaned(text: str, secret: Collection[str], *, headers: bool = True) -> str:
    """A text without what shows by itself in it that it is secret."""
    text = _URL_PASSWORD.sub(rf"\g<start>{HIDDEN}@", text)
    text = _FIELD.sub(lambda m: m["start"] + HIDDEN if is_secret(m["name"]) else m[0], text)
    return _BEARER.sub(rf"\g<start>{HIDDEN}", _without_fields(text, secret, headers=headers))


def _redacted(words: Sequence[str], secret: Collection[str]) -> list[str]:
    safe: list[str] = []
    hiding = False
    for word in words:
        if word.startswith("--") and word != "--":
            name, equals, _ = word.partition("=")
            hiding = name in secret or is_secret(name[2:])
            safe.append(f"{name}={HIDDEN}" if hiding and equals else _inside(word, secret))
        elif hiding:
            safe.append(HIDDEN)
        else:
            safe.append(_inside(word, secret))
    return safe


def _inside(word: str, secret: Collection[str]) -> str:
    begin = 0
    while assigned := _ASSIGNMENT.match(word, begin):  # --setup=name=value holds a second one
        if is_secret(assigned["name"]) or assigned["name"] in secret:
            return f"{word[: assigned.end()]}{HIDDEN}"
        begin = assigned.end()
    if _SPACE.search(word):  # a command line of its own, as a shell is given
        pieces = _SPACE.split(word)
        pieces[::2] = _redacted(pieces[::2], secret)
        return "".join(pieces)
    return word


def _without_fields(text: str, secret: Collection[str], *, headers: bool) -> str:
    """A text without what stands behind the colon of a secret name: in JSON at any depth, and in headers."""
    parts = []
    begin = done = 0
    while key := _KEY.search(text, begin):
        begin = key.end()
        name = key["bare"] or _spelled(key["quoted"])
        if (headers or not key["bare"]) and (is_secret(name) or name in secret):
            quote, end = _value(text, key)
            parts += [text[done:begin], quote, HIDDEN, quote]
            begin = done = end
    return "".join([*parts, text[done:]])


def _spelled(name: str) -> str:
    r"""What a name in JSON stands for: `tok\u0065n` is `token`."""
    try:
        return str(json.loads(f'"{name}"'))
    except ValueError:
        return name


def _value(text: str, key: re.Match[str]) -> tuple[str, int]:
    """The quote of the value behind a name, and where it ends: rather too far than too early."""
    begin = key.end()
    prefix = _PREFIX.match(text, begin)
    mark = _MARK.match(text, begin if prefix is None else prefix.end())
    if mark is not None and mark[0][-1] in "\"'":
        return mark[0], _end_of_string(text, mark.end(), mark[0])
    if mark is not None and mark[0] in "{[(":
        return "", _end_of_brackets(text, begin)
    string, depth = _around(text, begin)
    if string:
        return "", _next(text, begin, re.escape(string))
    if depth:
        return "", _next(text, begin, r"[,}\])]")
    return "", _next(text, begin, r"\n" if key["gap"] else r"\s")


def _around(text: str, place: int) -> tuple[str, int]:
    """The quote of the string that a place is in, or none, and in how many brackets it is."""
    string, depth = "", 0
    for mark in _MARK.finditer(text, 0, place):
        string, depth = _after(mark[0], string, depth)
    return string, depth


def _after(mark: str, string: str, depth: int) -> tuple[str, int]:
    if string:
        return "" if _closes(mark, string) else string, depth
    if mark[-1] in "\"'":
        return mark, depth
    return "", max(depth + (1 if mark in "{[(" else -1), 0)


def _closes(mark: str, quote: str) -> bool:
    """Whether a quote ends the string that another began: it has as many backslashes, and pairs that stand for one."""
    more = len(mark) - len(quote)
    return mark[-1] == quote[-1] and more >= 0 and more % (2 * len(quote)) == 0


def _end_of_string(text: str, begin: int, quote: str) -> int:
    return next((mark.end() for mark in _MARK.finditer(text, begin) if _closes(mark[0], quote)), len(text))


def _end_of_brackets(text: str, begin: int) -> int:
    string, depth = "", 0
    for mark in _MARK.finditer(text, begin):
        string, depth = _after(mark[0], string, depth)
        if not string and not depth:
            return mark.end()
    return len(text)


def _next(text: str, begin: int, pattern: str) -> int:
    found = re.compile(pattern).search(text, begin)
    return len(text) if found is None else found.start()
