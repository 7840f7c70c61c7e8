"""Tags as people write them: `key=value`, a dict, or pairs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headwater.cypher.inert import encodable

LONGEST = 1000
"""characters of a key, and of a value"""


def split_tag(text: str) -> tuple[str, str]:
    """The key and the value of `key=value`.

    Raises:
        ValueError: it is none; the message says what one looks like.
    """
    key, equals, value = encodable(text).partition("=")
    if not key.strip() or not equals or not value:
        raise ValueError(f"{text!r} is no tag: a tag is KEY=VALUE, like visibility=public")
    if max(len(key), len(value)) > LONGEST:
        raise ValueError(f"the tag {key[:30]}… is too long: key and value have at most {LONGEST} characters")
    return key.strip(), value


def tags_in(value: Any) -> tuple[tuple[str, str], ...]:
    """The tags that somebody wrote in Python: a dict (a value may be a list), or a list of `key=value` and pairs.

    A tag's value is a text. Another is written as JSON, as it would be on a command line: 1 and "1" are one.

    Raises:
        ValueError: it is neither, or holds what is no tag.
    """
    if isinstance(value, Mapping):
        pairs = [
            (key, one) for key, some in value.items() for one in (some if isinstance(some, list) else [some])
        ]
    elif isinstance(value, (list, tuple, set, frozenset)):
        pairs = [one if isinstance(one, tuple) else (one,) for one in value]
    else:
        raise ValueError(f"{value!r} is neither a dict nor a list of key=value")
    found = []
    for pair in pairs:
        if len(pair) not in (1, 2) or not isinstance(pair[0], str):
            raise ValueError(f"{pair!r}: a tag's key is a text, and it has one value")
        if len(pair) == 2 and "=" in pair[0]:
            raise ValueError(f"{pair[0]!r}: there is a = in a tag's key")
        found.append(split_tag("=".join(map(_text, pair))))
    return tuple(dict.fromkeys(found))


def _text(part: Any) -> str:
    if isinstance(part, str):
        return part
    try:
        return json.dumps(part, ensure_ascii=False, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(f"{part!r}: a tag's value is a text, or something that JSON can write") from None
