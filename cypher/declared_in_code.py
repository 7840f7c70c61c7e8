"""What scripts declare of datasets, as a project knows it.

Whoever imports a script knows what it declares; whoever asks the graph imports none. So a run leaves word in the
project's folder: for each script, a small file with what it declared when it ran last. `headwater.lineage.dataset_sync`
brings it into the graph, together with what the project's own file declares.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.cypher.declared import Declared
from headwater.cypher.errors import UsageError
from headwater.cypher.targets import write_json

if TYPE_CHECKING:
    from headwater.cypher.project import Project


@dataclass(frozen=True)
class Script:
    """What a script declared when it ran last.

    Attributes:
        source: its path, seen from the project's root where it lies under it; `<module>` for what is no file.
        digest: SHA-256 of its text; None where it is no file.
        datasets: (line, declaration).
    """

    source: str
    digest: str | None
    datasets: tuple[tuple[int, Declared], ...]

    def is_there(self, root: Path) -> bool:
        """Whether the script still is; of what is no file, nobody can say otherwise."""
        return self.digest is None or (root / self.source).is_file()

    def is_as_it_ran(self, root: Path) -> bool:
        """Whether nobody has edited the script since."""
        return self.digest is None or digest_of(root / self.source) == self.digest


def source_of(project: Project, path: str) -> str:
    """What a script is called in a project."""
    if path.startswith("<"):
        return path
    file = Path(path).resolve()
    return str(file.relative_to(project.root) if file.is_relative_to(project.root) else file)


def digest_of(path: Path) -> str | None:
    """The SHA-256 of a file; None where it cannot be read."""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def note_scripts(project: Project, declared: Mapping[str, Iterable[tuple[int, Declared]]]) -> None:
    """Leave word of what scripts declare now, by their paths. What is declared in no file is added to what was.

    Raises:
        OSError: it cannot be written.
    """
    known = {script.source: script for script in read_scripts(project)} if project.declared.is_dir() else {}
    for path, datasets in declared.items():
        source = source_of(project, path)
        found = {one.name: (line, replace(one, declared_in=source)) for line, one in datasets}
        before = known.get(source)
        if path.startswith("<"):
            found = {**{one.name: (line, one) for line, one in (before.datasets if before else ())}, **found}
        script = Script(
            source, digest_of(project.root / source), tuple(found[name] for name in sorted(found))
        )
        if script != before and (found or before):
            project.declared.mkdir(exist_ok=True)
            write_json(project.declared / f"{sha256(source.encode()).hexdigest()[:32]}.json", asdict(script))


def read_scripts(project: Project) -> list[Script]:
    """What scripts declared when they ran last, by their names.

    Raises:
        UsageError: a file is not as it was written.
    """
    found = []
    for path in project.declared.glob("*.json"):
        try:
            content = json.loads(path.read_text("utf-8"))
            datasets = [
                (int(line), Declared(**{**one, "files": tuple(one["files"])}))
                for line, one in content["datasets"]
            ]
            found.append(Script(content["source"], content["digest"], tuple(datasets)))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, TypeError, LookupError) as error:
            raise UsageError(
                f"{path} cannot be read: {error}. It holds what a script declares of datasets: delete it, and run the "
                "script again"
            ) from error
    return sorted(found, key=lambda script: script.source)
