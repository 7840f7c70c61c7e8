"""Paths of this machine, in the one form in which they are recorded and asked for."""

from __future__ import annotations

import os
from urllib.parse import quote


def normal(path: str) -> str:
    """The absolute form of a local path. A `..` behind a link leads to where the link leads and up from there, as for
    every program; other links stay as they are."""
    if os.pardir not in path:
        return os.path.abspath(path)
    found = os.sep
    for part in os.path.join(os.getcwd(), path).split(os.sep):
        if part == os.pardir:
            found = os.path.dirname(os.path.realpath(found) if os.path.islink(found) else found)
        elif part not in ("", os.curdir):
            found = os.path.join(found, part)
    return found


def recorded(path: str) -> str:
    """A local path as it is recorded: absolute, and as a `file://` URL where its name is not UTF-8 and so no text."""
    return as_text(normal(path))


def as_text(path: str) -> str:
    """An absolute path as it is recorded."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return f"file://{quote(os.fsencode(path))}"
    return path


_SAME = {"abfs": "az", "abfss": "az", "gcs": "gs", "s3a": "s3", "ssh": "sftp"}
"""protocols that are another name of one"""


def one_url(url: str) -> str:
    """A URL in the form that is recorded, of those that mean the same place: `s3://a` for `s3a://a`, `memory://a` for
    `memory:///a`, `az://in@account.blob…` for `abfs://in@account.dfs…`."""
    return "::".join(map(_one_link, url.split("::")))


def spellings(url: str) -> list[str]:
    """What a path or URL, or a pattern of them, may be on record as: in the form that is recorded, as a folder, and as
    it is written. That is how it was recorded before there was the one form."""
    one = one_url(url)
    folder = one if one.startswith("http") or one.endswith("://") else one.rstrip("/")
    return list(dict.fromkeys((one, folder, url)))


def _one_link(link: str) -> str:
    scheme, found, tail = link.partition("://")
    if not found:
        return link
    scheme = _SAME.get(scheme.lower(), scheme.lower())
    if scheme == "memory":
        tail = tail.strip("/")
    if scheme == "az":
        place, slash, path = tail.partition("/")
        container, at, host = place.partition("@")
        tail = f"{container}{at}{host.replace('.dfs.', '.blob.')}{slash}{path}"
    return f"{scheme}://{tail}"
