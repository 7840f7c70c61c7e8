"""Paths and URLs of files: their absolute form, without credentials, and the file system behind them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from headwater.cypher.errors import UsageError
from headwater.cypher.paths import normal, one_url, recorded

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|(?:[a-z0-9]+::)+[A-Za-z/]")
_SECRET = re.compile(
    r"(?i)token|secret|passw|passphrase|^pass$|pwd|signature|credential|jwt|bearer|^sas|^sig$|^key$|^auth(?!or)|^authori[sz]ation"
    r"|(api|access|auth|account|private|session)[-_]?(key|id$)|^x-(amz|goog)-"
)
_NAMES = frozenset({"file", "ftp", "gcs", "gs", "memory", "s3", "s3a", "sftp", "ssh"})
"""protocols in which `?` and `#` are letters of a name like any other"""
_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")


EXTRAS = {
    "abfs": "az",
    "abfss": "az",
    "az": "az",
    "gcs": "gs",
    "gs": "gs",
    "http": "http",
    "https": "http",
    "s3": "s3",
    "s3a": "s3",
    "sftp": "sftp",
    "ssh": "sftp",
}
"""the extra of this distribution that brings what a protocol needs"""


def is_url(address: str) -> bool:
    """Whether an address names a file system of fsspec's (`s3://…`, `zip://…::s3://…`), not a local path."""
    return not address.startswith("/") and _URL.match(address) is not None


def local_path(address: str) -> str | None:
    """The path that an address means on this machine, or None for one that is elsewhere."""
    if not is_url(address):
        return address
    scheme, _, path = address.partition("://")
    if scheme.lower() in ("file", "local"):
        return os.fsdecode(unquote_to_bytes(path))
    return None


def absolute(address: str) -> str:
    """The address under which a file is recorded: an absolute path, or a URL without credentials, the same for all ways
    to write it.

    A path that is no text (its name is not UTF-8) becomes a `file://` URL.
    """
    path = local_path(address)
    if path is None:
        return one_url(without_credentials(in_full(address)))
    return recorded(path)


def of_folder(uri: str) -> str:
    """The same address for a folder, with a slash at its end or without. To a web server, they may be two pages."""
    head, chain = split_chain(uri)
    plain = head.rstrip("/")
    return uri if not is_url(uri) or head.startswith("http") or plain.endswith(":") else plain + chain


def folders_above(path: str) -> Iterator[str]:
    """The folders that a path, or what a store calls an object, is in: the nearest first, without the root."""
    end = path.rstrip("/").rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)


def split_chain(address: str) -> tuple[str, str]:
    """The link of a chain that names a file, `zip://a.csv`, and what it is in, `::s3://bucket/data.zip`."""
    if is_url(address):
        links = address.split("::")
        for at, link in enumerate(links):
            if "://" in link:
                return "::".join(links[: at + 1]), "".join(f"::{other}" for other in links[at + 1 :])
    return address, ""


def ends_relative(address: str) -> bool:
    """Whether the working directory decides what an address means, as of `zip://a.csv::data.zip`."""
    last = address.rpartition("::")[2] if is_url(address) else address
    if last.startswith("~"):
        last = os.path.expanduser(last)
    return not (last.startswith("/") or is_url(last))


def in_full(address: str) -> str:
    """A URL whose last link, where that is a local path, is absolute."""
    head, chain, last = address.rpartition("::")
    return f"{head}::{normal(os.path.expanduser(last))}" if chain and last and not is_url(last) else address


def without_credentials(url: str) -> str:
    """A URL without password and secret query parameters; the rest stays as it was written."""
    return "::".join(_cleaned(link) for link in url.split("::"))


def _cleaned(url: str) -> str:
    scheme, found, tail = url.partition("://")
    if not found:
        return url
    scheme = scheme.lower()
    is_web = scheme in ("http", "https")
    place, slash, path = tail.partition("/")
    user, at, host = place.rpartition("@")
    if at:
        # Before @ stands a container in abfs://container@account, a login in sftp://, perhaps a token in https://.
        name = "" if is_web else user.partition(":")[0]
        place = f"{name}@{host}" if name else host
    cleaned = f"{scheme}://{place}{slash}{path}"
    if scheme in _NAMES:
        return cleaned
    rest, number_sign, fragment = cleaned.partition("#")
    rest, question_mark, query = rest.partition("?")
    for mark, fields in ((question_mark, query), (number_sign, fragment)):
        kept = _without_secrets(fields)
        rest += mark + kept if kept or not fields else ""
    return rest


def _without_secrets(fields: str) -> str:
    """The fields of a query or fragment, as they were written, without those whose name speaks of a secret."""
    if "=" not in fields:
        return fields
    parts = re.split("([&;])", fields)
    kept = [
        (parts[at - 1] if at else "", part)
        for at, part in list(enumerate(parts))[::2]
        if not _SECRET.search(unquote(part.partition("=")[0]))
    ]
    return "".join(mark + part for mark, part in kept)[len(kept[0][0]) if kept else 0 :]


def masked(text: str) -> str:
    """A text with the URLs in it as they are recorded: what clients say of a fault may hold the whole address."""
    return _IN_TEXT.sub(lambda found: without_credentials(found[0]), text) if "://" in text else text


def open_filesystem(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in it.

    Each process has file systems of its own, after a fork too, and so has each thread; except where the client does all
    of its work on one event loop (object stores and the web): there the threads of a process share it.

    Raises:
        UsageError: there is no such protocol, or its package is not installed; the message has the line to type.
    """
    from fsspec.core import url_to_fs

    try:
        with as_os_errors(url, "opened"):
            files, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{without_credentials(url)} cannot be opened: {_missing(url, error)}") from error
    return files, str(path)


_CLIENTS = frozenset({"adlfs", "aiohttp", "azure", "botocore", "gcsfs", "google", "paramiko"})
"""packages that raise errors of their own where a store refuses, which are no OSErrors"""


@contextmanager
def as_os_errors(url: str, what: str) -> Iterator[None]:
    """Turn what a store's own client raises into an OSError that names the URL.

    Args:
        what: what could not be done, like `opened`.
    """
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        shown, text = without_credentials(url), str(error)
        if not _says_gone(url, error):
            raise OSError(f"{shown} cannot be {what}: {_reason(error.__cause__)}") from error
        if shown in text and text == masked(text):
            raise
        raise type(error)(f"{shown} cannot be {what}: {masked(text)}") from None
    except (ConnectionError, TimeoutError) as error:
        kind = ConnectionError if isinstance(error, ConnectionError) else TimeoutError
        raise kind(f"{without_credentials(url)} cannot be {what}: {error}") from error
    except Exception as error:
        theirs = type(error).__module__.partition(".")[0] in _CLIENTS
        if not theirs and (isinstance(error, OSError) or type(error) is not RuntimeError):
            raise
        reason = masked((str(error).strip() or type(error).__name__).splitlines()[0])
        if type(error).__module__.partition(".")[0] == "aiohttp":
            reason = _reason(error)
        raise OSError(f"{without_credentials(url)} cannot be {what}: {reason}") from error


def _says_gone(url: str, error: OSError) -> bool:
    """Whether there really is no file. The file system for the web says so of every refusal, fault and lost connection;
    what it was stands behind it."""
    if not url.partition("://")[0].lower().startswith("http") or error.__cause__ is None:
        return True
    return getattr(error.__cause__, "status", None) in (404, 410) or isinstance(
        error.__cause__, FileNotFoundError
    )


def _reason(cause: BaseException | None) -> str:
    """Why the web refused; its own words may hold the whole URL, with secrets."""
    status = getattr(cause, "status", None)
    if status is not None:
        return f"{status} {getattr(cause, 'message', '')}".rstrip()
    return f"no answer ({type(cause).__name__})"


_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl"})


def _has_objects(files: Any) -> bool:
    protocols = {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
    return bool(protocols & _OBJECT_STORES)


def is_bucket(address: str) -> bool:
    """Whether an address is that of a whole bucket or container in a store of objects."""
    if not is_url(address):
        return False
    files, path = open_filesystem(address)
    return _has_objects(files) and "/" not in path.strip("/")


def make_folders(files: Any, path: str) -> None:
    """Make a folder and those above it, where there are such things. Stores of objects have none, and a bucket that is
    not there is not made by writing to it."""
    if _has_objects(files):
        return
    left = path.count("/")
    while True:
        try:
            files.makedirs(path, exist_ok=True)
        except OSError:
            # Some servers refuse what somebody else made a moment ago, here or above; at each try it is one less.
            if files.isdir(path):
                return
            if not left:
                raise
            left -= 1
        else:
            return


def _missing(url: str, error: ImportError | ValueError) -> str:
    """What to install for the protocols of a URL, which may be a chain of several."""
    if isinstance(error, ValueError) and "Protocol not known" not in str(error):
        return str(error)
    schemes = [link.partition("://")[0].lower() for link in url.split("::")]
    extras = sorted({EXTRAS[scheme] for scheme in schemes if scheme in EXTRAS})
    if not extras:
        return f"{error}. See whether it is written right, or install the package that brings it to fsspec"
    return f"what its protocol needs is not installed. Type: pip install 'headwater[{','.join(extras)}]'"
