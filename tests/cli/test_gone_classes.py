"""What people see of values whose classes are gone: what was written beside them when they were recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from headwater.cypher.project import SETTINGS

from ..conftest import ON_NEO4J, Server
from .conftest import Answer, Shell, _shell

THINGS = """\
from pathlib import Path


class Thing:
    def __init__(self, name: str, weight: int) -> None:
        self.name, self.weight = name, weight

    def __repr__(self) -> str:
        return f"Thing({self.name!r}, {self.weight})"

    def __reduce__(self):
        return unpickled, (type(self), self.name, self.weight)

    def __deepcopy__(self, memo):
        return self


class Shy:
    def __init__(self, name: str, weight: int) -> None:
        self.name, self.weight = name, weight

    __reduce__ = Thing.__reduce__
    __deepcopy__ = Thing.__deepcopy__


def unpickled(kind: type, name: str, weight: int):
    Path("unpickled").touch()
    return kind(name, weight)
"""

FLOW = """\
from things import Shy, Thing

from headwater import task

headwater_namespace = "flow"


@task
def make(weight: int) -> Thing:
    return Thing("axle", weight)


@task
def hide(weight: int) -> Shy:
    return Shy("spoke", weight)


@task
def weigh(thing: Thing, hidden: Shy) -> int:
    return thing.weight + hidden.weight


@task
def main(weight: int = 3) -> int:
    return weigh(make(weight), hide(weight))
"""


@pytest.fixture(params=["local", ON_NEO4J])
def gone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[_With]:
    """A project with two runs whose modules were deleted afterwards."""
    for shell in _shell(tmp_path):
        words = {}
        if request.param == "neo4j":
            server: Server = request.getfixturevalue("neo4j_server")
            server.wipe()
            words = {"HEADWATER_STORE_PASSWORD": server.password}
        told = _With(shell, words)
        told("init")
        if request.param == "neo4j":
            shell.write(f".headwater/{SETTINGS}", f"[store]\nuri = {server.uri}\nuser = {server.user}\n")
        shell.write("things.py", THINGS)
        shell.write("flow.py", FLOW)
        for weight in ("3", "4"):
            assert told("run", "flow.py", "main", "--weight", weight).code == 0
        (tmp_path / "unpickled").unlink(missing_ok=True)
        yield told


class _With:
    """A shell with more in its environment."""

    def __init__(self, shell: Shell, env: dict[str, str]) -> None:
        self._shell = shell
        self._env = env
        self.folder = shell.folder

    def __call__(self, *words: str) -> Answer:
        return self._shell(*words, **self._env)


def job_of(shell: _With, task: str) -> str:
    text = f"MATCH (j:Job {{task_name: '{task}'}}) RETURN j.id AS id ORDER BY j.started DESC LIMIT 1"
    return str(shell("query", text, "--format", "json").json["rows"][0][0])


def test_its_type_its_size_and_what_was_seen_of_it_are_shown_and_nothing_is_unpickled(gone: _With) -> None:
    job = job_of(gone, "flow.weigh")
    before = {words: gone(*words).out for words in _asked(job)}
    assert not (gone.folder / "unpickled").exists(), "though the class was there"
    for name in ("things.py", "flow.py"):
        (gone.folder / name).unlink()
    for words in _asked(job):
        answer = gone(*words)
        assert answer.code in {0, 1}, answer
        assert "Traceback" not in answer.out + answer.err
        assert answer.out == before[words], "without the class, not a word less"
        assert "Thing('axle', 4)" in answer.out
    log = before["log", job]
    assert _row(log, "thing") == ["thing", "things.Thing", "B", "Thing('axle', 4)"]
    assert _row(log, "hidden") == ["hidden", "things.Shy", "B", "<things.Shy object>"]
    assert "Thing('axle', 3) → Thing('axle', 4)" in before["diff", "~1", "-"]
    assert "Thing('axle', 3) → Thing('axle', 4)" in before["why", job]
    assert gone("run", "flow.py", "main").code == 2


def _asked(job: str) -> list[tuple[str, ...]]:
    return [("log", job), ("trace", "-"), ("diff", "~1", "-"), ("why", job), ("log", job, "--json")]


def _row(log: str, name: str) -> list[str]:
    """Of the row of an argument: its name, its type, the unit of its size, and its preview."""
    line = next(line for line in log.splitlines() if line.split()[:1] == [name])
    found, _hash, kind, size, unit, *preview = line.split(maxsplit=5)
    assert int(size) > 10
    return [found, kind, unit, *preview]
