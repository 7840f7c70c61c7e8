"""Where a project keeps its things: the `.headwater` folder, its layout and its settings file."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from headwater.cypher.errors import UsageError
from headwater.cypher.settings import check_settings

FOLDER = ".headwater"
SETTINGS = "headwater.ini"
_SCHEMES = frozenset(f"{name}{security}" for name in ("bolt", "neo4j") for security in ("", "+s", "+ssc"))

_TEMPLATE = """\
# headwater's settings for this project; every key is described in docs/reference/settings.md

[store]
# local, or the address of a Neo4j server: bolt://host:7687, neo4j://host:7687, neo4j+s://host
uri = local
"""

# What people write is kept in their repository, and what is recorded is not.
_KEPT_IN_GIT = """\
*
!.gitignore
!headwater.ini
!datasets.toml
!queries/
!queries/*.cypher
!rules/
!rules/*.cypher
"""


@dataclass(frozen=True)
class StoreSettings:
    """Which graph a project writes to. The password never comes from the settings file."""

    uri: str = "local"
    user: str = "neo4j"
    database: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def is_local(self) -> bool:
        return self.uri == "local"


@dataclass(frozen=True)
class Project:
    """A folder under which runs are recorded."""

    root: Path
    settings: configparser.ConfigParser = field(repr=False, compare=False)

    @property
    def folder(self) -> Path:
        return self.root / FOLDER

    @property
    def journals(self) -> Path:
        return self.folder / "journals"

    @property
    def loaded_journals(self) -> Path:
        return self.folder / "journals" / "loaded"

    @property
    def values(self) -> Path:
        """Where large values are kept unless the settings name another place (`values_address`)."""
        return self.folder / "values"

    @property
    def graph(self) -> Path:
        return self.folder / "graph"

    @property
    def datasets_file(self) -> Path:
        """Where datasets are declared: `datasets.toml` beside the settings, or what `[datasets] file` names."""
        named = self.settings.get("datasets", "file", fallback="").strip()
        return self.root / named if named else self.folder / "datasets.toml"

    @property
    def declared(self) -> Path:
        """Where runs leave word of the datasets that scripts declare."""
        return self.folder / "declared"

    @property
    def rules(self) -> Path:
        """Where a project's own audit rules are."""
        return self.folder / "rules"

    def values_address(self) -> str:
        """Where large values are kept: a folder, or any URL that fsspec knows (`[store] values`).

        Raises:
            UsageError: credentials stand in it.
        """
        address = self.settings.get("store", "values", fallback="").strip()
        if "://" not in address:
            return str(self.root / address) if address else str(self.values)
        if "?" in address or any(urlsplit(link).password is not None for link in address.split("::")):
            raise UsageError(
                f"{self.folder / SETTINGS}: [store] values holds credentials or a query. Take them out, and give "
                "them in the environment or in the configuration of fsspec."
            )
        return address

    def store_settings(self, env: Mapping[str, str] | None = None) -> StoreSettings:
        """The store's address and credentials: environment first, then the settings file.

        Args:
            env: the environment, default this process's.

        Raises:
            UsageError: the address is none, or holds a password.
        """
        section = dict(self.settings["store"]) if self.settings.has_section("store") else {}
        env = os.environ if env is None else env
        uri = env.get("HEADWATER_STORE_URI") or section.get("uri", "local")
        _check_address(uri)
        return StoreSettings(
            uri=uri,
            user=env.get("HEADWATER_STORE_USER") or section.get("user", "neo4j"),
            database=env.get("HEADWATER_STORE_DATABASE") or section.get("database") or None,
            password=env.get(section.get("password_env", "HEADWATER_STORE_PASSWORD")),
        )


def find_project(start: Path | None = None) -> Project | None:
    """The nearest project at or above a folder (default: the working directory), or None.

    `HEADWATER_PROJECT`, when set, names the project's root instead.
    """
    named = os.environ.get("HEADWATER_PROJECT")
    if named:
        return open_project(Path(named))
    folder = (start or Path.cwd()).resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FOLDER).is_dir():
            return open_project(candidate)
    return None


def open_project(root: str | os.PathLike[str]) -> Project:
    """The project whose root is given, or its `.headwater` folder.

    Raises:
        UsageError: there is no `.headwater` folder, its settings file cannot be read, or holds what is no setting.
    """
    root = Path(root).resolve()
    root = root.parent if root.name == FOLDER else root
    if not (root / FOLDER).is_dir():
        raise UsageError(
            f"{root} is not a headwater project: it has no {FOLDER} folder. Type: hw init {root}"
        )
    settings = configparser.ConfigParser(interpolation=None)
    settings.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        settings.read(root / FOLDER / SETTINGS, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise UsageError(f"{root / FOLDER / SETTINGS} cannot be read: {error}") from error
    check_settings(root / FOLDER / SETTINGS, settings)
    return Project(root, settings)


def _check_address(uri: str) -> None:
    if uri == "local":
        return
    try:
        scheme, password = urlsplit(uri).scheme, urlsplit(uri).password
    except ValueError:
        scheme, password = "", None
    if password is not None:
        raise UsageError(
            "the store's address holds a password. Take it out and put it into HEADWATER_STORE_PASSWORD."
        )
    if scheme not in _SCHEMES:
        raise UsageError(
            f"{uri} is not the address of a store. Examples: local, bolt://host:7687, neo4j://host:7687, neo4j+s://host"
        )


def create_project(root: str | os.PathLike[str]) -> Project:
    """Make a folder a project, or open it where it already is one."""
    folder = Path(root) / FOLDER
    (folder / "journals" / "loaded").mkdir(parents=True, exist_ok=True)
    settings = folder / SETTINGS
    if not settings.exists():
        settings.write_text(_TEMPLATE, encoding="utf-8")
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text(_KEPT_IN_GIT, encoding="utf-8")
    return open_project(root)
