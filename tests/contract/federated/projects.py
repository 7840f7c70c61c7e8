"""What the suites of federated tasks share: projects that have entry points, and one that calls them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from headwater.cypher.project import SETTINGS
from headwater.cypher.store import GraphStore

from headwater import Project, Scheduler, create_project, open_project

HELPERS = """\
RATE = {rate}


def rated(n):
    return n * RATE


def unused(n):
    return n
"""
BILLS = """\
import os
import time
from dataclasses import dataclass
from pathlib import Path

import helpers
from headwater import File, Handle, federated_task, get_context, task

headwater_namespace = "bills"


@dataclass
class Bill:
    total: int


class Refused(ValueError):
    pass


def note(log, line):
    if log:
        with Path(log).open("a") as lines:
            lines.write(f"{line}\\n")


@task
def double(n: int, log: str = "") -> int:
    note(log, "double")
    return helpers.rated(n)


@task
def other(n: int, log: str = "") -> int:
    note(log, "other")
    return n


@task
def bill(n: int, log: str = "", *, extra: int = 0):
    return [double(n, log), other(n, log), extra, get_context("rate", 1)]


@task(version="1")
def labelled(n: int):
    return f"{Path.cwd().name} {n}"


@task
def refuse(n: int):
    raise Refused(f"{n} is refused")


@task
def missing(n: int):
    raise KeyError(f"{n} is missing")


@task
def made(kind: str):
    return {"class": Bill(1), "list": [Bill(2)], "function": note, "task": double, "lazy": double.partial(1)}[kind]


@task
def copied(source: File) -> File:
    Path("copy.txt").write_text(Path(source.path).read_text() + Path("own.txt").read_text())
    return File("copy.txt")


@task
def seen(value):
    return [type(value).__name__, repr(value)]


@task
def table(n: int):
    import numpy

    return numpy.arange(n)


@task
def longer(note: str):
    while True:
        Path(note).write_text(str(os.getpid()))
        time.sleep(0.05)


@task(executor="process")
def apart(n: int) -> list[int]:
    return [os.getpid(), helpers.rated(n)]


@task
def gone(n: int):
    os._exit(3)


class Shelf(Handle):
    def __init__(self, name):
        self.instance = None


@task
def handled(name: str):
    return Shelf(name)


@task
def on(name: str, *given):
    return federated_task(name, *given)


@task
def back(n: int):
    return federated_task("back", n)
"""


class Other:
    """Another project, which has entry points: one for each task of its module, called NAME or PREFIX_NAME."""

    def __init__(self, root: Path, rate: int = 2, prefix: str = "") -> None:
        self.root = root
        create_project(root)
        (root / "bills.py").write_text(BILLS)
        (root / "own.txt").write_text(f" and {root.name}")
        self.set_rate(rate)
        for name in re.findall(r"@task.*\ndef (\w+)", BILLS):
            self.offers(f"{prefix}{name}", name)

    @property
    def settings(self) -> Path:
        return self.root / ".headwater" / SETTINGS

    def set_rate(self, rate: int) -> None:
        (self.root / "helpers.py").write_text(HELPERS.format(rate=rate))

    def offers(self, entry: str, task_name: str, **settings: str) -> None:
        given = {"task_name": task_name, "namespace": "bills", "load_module": "bills", **settings}
        add(self.settings, f"federated_tasks.{entry}", **given)


def add(settings: Path, section: str, **lines: str) -> None:
    with settings.open("a") as file:
        file.write(f"\n[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items()))


class Buyer:
    """Runs expressions in a project that may call what others offer; each with settings read anew.

    Attributes:
        counts: of the last run.
        scheduler: the last.
    """

    def __init__(self, project: Project, *others: Other) -> None:
        self.root = project.root
        listed = "".join(f"\n    {other.root}" for other in others)
        add(project.folder / SETTINGS, "scheduler", federated_configs=listed)

    def __call__(self, expression: Any, **options: Any) -> Any:
        self.scheduler = Scheduler(open_project(self.root))
        try:
            return self.scheduler.run(expression, **options)
        finally:
            self.scheduler.wait_recorded()
            self.counts = self.scheduler.progress().counts


def ask(store: GraphStore, text: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in store.ask(text, {}, timeout=30, limit=1000).rows)


def lines(log: Path) -> list[str]:
    return sorted(log.read_text().split()) if log.exists() else []
