"""Bringing what a project's file and its scripts declare of datasets into the graph, as changes: never by changing what
is there.

A declaration that differs from the recorded one is a new Dataset, and ends the old. Files that were recorded since are
found by their paths, and said to belong to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from headwater.cypher.change import part_id
from headwater.cypher.declared import Declared
from headwater.cypher.declared_in_code import read_scripts
from headwater.cypher.errors import UsageError
from headwater.cypher.path_patterns import anchored, beginning, expression
from headwater.cypher.paths import spellings
from headwater.cypher.records import ChangeMade, DatasetDeclared
from headwater.lineage.dataset_file import read_datasets
from headwater.lineage.datasets import Dataset, current, files_of

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.cypher.store import GraphStore


def declared(project: Project) -> list[Declared] | None:
    """What the project's file declares; None where there is no such file.

    Raises:
        UsageError: the file cannot be read, or is not there though the settings name it.
    """
    try:
        return read_datasets(project.datasets_file)
    except FileNotFoundError:
        if project.settings.get("datasets", "file", fallback="").strip():
            raise UsageError(
                f"{project.datasets_file} is not there, and [datasets] file of the settings names it"
            ) from None
        return None


def changed(project: Project, store: GraphStore, change: ChangeMade) -> ChangeMade:
    """A change after which the graph says of datasets what the project's file and its scripts say. What a file or a
    script declares ends when that says otherwise; without a file, and of scripts that have not run here, nothing ends.

    Args:
        change: one with nothing in it yet.

    Raises:
        UsageError: as of `declared`; or a dataset is declared twice.
    """
    wanted, places = _all_declared(project)
    if not places:
        return change
    names = {one.name for one in wanted}
    root = str(project.root)
    recorded = [dataset for dataset in current(store) if dataset.project_root == root]
    kept: dict[str, Dataset] = {}
    for dataset in recorded:
        if any(_is_same(dataset, one) for one in wanted):
            kept.setdefault(dataset.name, dataset)
    new = [one for one in wanted if one.name not in kept]
    ids = {name: bytes.fromhex(dataset.id) for name, dataset in kept.items()}
    ids.update((one.name, part_id(change.id, "dataset", one.name)) for one in new)
    return msgspec.structs.replace(
        change,
        datasets=[_record(ids[one.name], one) for one in new],
        ended=sorted(
            bytes.fromhex(one.id)
            for one in recorded
            if kept.get(one.name) is not one and (one.declared_in in places or one.name in names)
        ),
        files=_files(store, wanted, ids, root),
    )


def _all_declared(project: Project) -> tuple[list[Declared], set[str]]:
    """What the project's file and its scripts declare, and which of them were looked at (as `Declared.declared_in`)."""
    found = declared(project)
    wanted = {one.name: (str(project.datasets_file), one) for one in found or ()}
    places = set() if found is None else {""}
    scripts = read_scripts(project)
    edited = {script.source: not script.is_as_it_ran(project.root) for script in scripts}
    for script in sorted(scripts, key=lambda script: edited[script.source]):
        places.add(script.source)
        for line, one in script.datasets if script.is_there(project.root) else ():
            if one.name not in wanted:
                wanted[one.name] = f"{script.source}:{line}", one
            elif not edited[script.source]:  # else it may have moved: the script says when it runs again
                raise UsageError(
                    f"{script.source}:{line}: the dataset {one.name} is declared in {wanted[one.name][0]}, too. "
                    "Keep one of the two declarations"
                )
    return [one for _, one in wanted.values()], places


def _files(
    store: GraphStore, wanted: Sequence[Declared], ids: dict[str, bytes], root: str
) -> list[tuple[bytes, list[bytes]]]:
    """The recorded files of each dataset that are not known to belong to it yet."""
    patterns = {
        one.name: [like for pattern in one.files for like in spellings(anchored(pattern, root))]
        for one in wanted
    }
    beginnings = sorted({beginning(pattern) for some in patterns.values() for pattern in some})
    paths = dict(store.rows("dataset_candidates", beginnings=beginnings)) if beginnings else {}
    known = files_of(store, (id_.hex() for id_ in ids.values()))
    found = []
    for name, some in patterns.items():
        likes = [expression(pattern) for pattern in some]
        there = set(known.get(ids[name].hex(), ()))
        new = [
            file
            for file, path in sorted(paths.items())
            if file not in there and any(like.fullmatch(path) for like in likes)
        ]
        if new:
            found.append((ids[name], [bytes.fromhex(file) for file in new]))
    return found


def _is_same(dataset: Dataset, one: Declared) -> bool:
    return all(getattr(dataset, name) == getattr(one, name) for name in one.__dataclass_fields__)


def _record(id_: bytes, one: Declared) -> DatasetDeclared:
    return DatasetDeclared(
        id_,
        one.name,
        list(one.files),
        one.origin,
        one.licence,
        one.collected_by,
        one.purpose,
        one.lawful_basis,
        one.sensitivity,
        one.declared_in,
    )
