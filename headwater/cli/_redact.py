"""Takes secrets out of a command line before it is recorded.

This covers the recorded command. An argument itself is a value like any other: the graph holds it, because
the cache needs it. A task should take the name of a secret and read it where it runs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

HIDDEN = "***"

_SECRET = re.compile(
    r"pass(wor[dt]|wd|phrase)|^pwd$|secret|token|credential|auth(?!or)|apikey|signature|(^|[-_.])(key|sig)$",
    re.I,
)
_URL_PASSWORD = re.compile(r"(?P<start>[a-z][a-z0-9+.-]*://)[^/?#\s]*@", re.I)
_URL_PARAMETER = re.compile(r"(?P<start>[?&;](?P<name>[^=&;#\s]+)=)[^&;#\s]+")
_SPACE = re.compile(r"(\s+)")
_ASSIGNMENT = re.compile(r"(?P<name>[\w.-]+)=")


def redact(words: Sequence[str], *, secret: Collection[str] = ()) -> list[str]:
    """The words with secret values replaced by `***`.

    Hidden are the values of flags and of `name=value` words whose name speaks of a password, secret, token,
    credential or key, and inside URLs the user and password and parameters of such names; in words with spaces, too.

    Args:
        words: argv.
        secret: further flags (with their dashes), and names in `name=value` words, whose values are to be hidden.
    """
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


def is_secret(name: str) -> bool:
    """Whether a name says that its value is a secret: `db_password`, `api-key`, `githubToken`."""
    return _SECRET.search(name) is not None


def _inside(word: str, secret: Collection[str]) -> str:
    begin = 0
    while assigned := _ASSIGNMENT.match(word, begin):  # --setup=name=value holds a second one
        if is_secret(assigned["name"]) or assigned["name"] in secret:
            return f"{word[: assigned.end()]}{HIDDEN}"
        begin = assigned.end()
    if _SPACE.search(word):  # a command line of its own, as a shell is given
        pieces = _SPACE.split(word)
        pieces[::2] = redact(pieces[::2], secret=secret)
        return "".join(pieces)
    word = _URL_PASSWORD.sub(rf"\g<start>{HIDDEN}@", word)
    return _URL_PARAMETER.sub(lambda m: m["start"] + HIDDEN if is_secret(m["name"]) else m[0], word)
