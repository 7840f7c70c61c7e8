"""Reading a file that declares datasets, and saying where in it something is wrong.

[datasets.patients]
files = ["data/patients/*.csv"]
sensitivity = "personal"
licence = "CC-BY-4.0"
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headwater.cypher.declared import Declared, check_declaration
from headwater.cypher.errors import UsageError
from headwater.cypher.settings import nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_datasets(path: Path) -> list[Declared]:
    """The datasets that a TOML file declares, by name.

    Raises:
        UsageError: it cannot be read, or declares what cannot be; the message names file and line.
        FileNotFoundError: there is no such file.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        number = int(line[1]) if line else len(text.splitlines()) or 1
        raise UsageError(f"{path}:{number}: this is no TOML: {error}") from None
    return _File(path, text).datasets(content)


class _File:
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def datasets(self, content: Mapping[str, Any]) -> list[Declared]:
        for key in content:
            if key != "datasets":
                raise self._wrong(f"{key!r} is not known here.{nearest(key, ['datasets'])}", key)
        tables = content.get("datasets", {})
        if not isinstance(tables, dict):
            raise self._wrong("datasets are tables: [datasets.NAME]", "datasets")
        return [self._dataset(name, tables[name]) for name in sorted(tables)]

    def _dataset(self, name: str, table: Any) -> Declared:
        if not isinstance(table, dict):
            raise self._wrong(f"the dataset {name} is no table: write [datasets.{name}]", name)
        return check_declaration(name, table, self._wrong)

    def _wrong(self, what: str, *where: str) -> UsageError:
        return UsageError(f"{self._path}:{self._line(*where)}: {what}")

    def _line(self, name: str, key: str | None = None) -> int:
        """Where a table begins, or one of its keys stands; where that cannot be told, the first line."""
        quoted = re.escape(name)
        table = re.compile(rf"""\s*\[\s*(datasets\s*\.\s*)?["']?{quoted}["']?\s*[\].]|\s*{quoted}\s*=""")
        start = next((n for n, line in enumerate(self._lines) if table.match(line)), None)
        if start is None or key is None:
            return (start or 0) + 1
        entry = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
        for number in range(start + 1, len(self._lines)):
            if entry.match(self._lines[number]):
                return number + 1
            if self._lines[number].lstrip().startswith("["):
                break
        return start + 1
