"""Tags as people write them: `key=value`, a dict, or pairs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headwater.cypher.inert import encodable

LONGEST = 1000
"""characters of a key, and of a value"""


class _AnyValue:
    """Any value of a tag, where one is looked for by its key alone."""

    def __repr__(self) -> str:
        return "ANY_VALUE"


ANY_VALUE = _AnyValue()
"""What `parse_tag_key_value` gives for the value of a key alone."""


def parse_tag_value(text: str) -> Any:
    """What the text of a tag's value stands for: a number, True, False or None where it is written as JSON writes
    that, a list or a dict where it is JSON of one, else the text itself. So `3` is 3, and `1.10` and `007` are texts:
    `format_tag_value` gives a text back as it was, but for the spaces in lists and dicts."""
    try:
        value = json.loads(text)
        same = isinstance(value, (list, dict)) or format_tag_value(value) == text
    except (ValueError, RecursionError):
        return text
    return value if same else text


def parse_tag_key_value(text: str, value_required: bool = True) -> tuple[str, Any]:
    """The key and the value of `key=value`, the value as `parse_tag_value` reads it.

    Args:
        value_required: False to take a key alone, too, whose value is `ANY_VALUE`.

    Raises:
        ValueError: it is no tag; the message says what one looks like.
    """
    key, value = split_tag(text) if value_required else split_name(text)
    return key, ANY_VALUE if value is None else parse_tag_value(value)


def format_tag_value(value: Any) -> str:
    """A tag's value as it is recorded: a text as it is, anything else as JSON.

    Raises:
        ValueError: JSON cannot write it.
    """
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(f"{value!r}: a tag's value is a text, or something that JSON can write") from None


def format_tag_key_value(key: str, value: Any, max_length: int = 50) -> str:
    """A tag as `key=value`; of a value of more characters than `max_length`, the end is left out.

    Raises:
        ValueError: JSON cannot write the value.
    """
    text = format_tag_value(value)
    return f"{key}={text if len(text) <= max_length else text[: max_length - 1] + '…'}"


def split_name(text: str) -> tuple[str, str | None]:
    """The key and the value of `key=value`, or of a key alone, whose value is None.

    Raises:
        ValueError: it is neither.
    """
    return (text.strip(), None) if text.strip() and "=" not in text else split_tag(text)


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
        found.append(split_tag("=".join(map(format_tag_value, pair))))
    return tuple(dict.fromkeys(found))
