"""A project in which workflows are written, changed and run in this process, and what the graph then says."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from headwater.cypher.backlog import catch_up
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore
from headwater.engine.dryrun import DryRunResult
from headwater.engine.reasons import Reason
from headwater.lineage.resolve import Found

from headwater import Scheduler

MODULE = "lab_of_this_test"
HEAD = 'from headwater import File, task\n\nheadwater_namespace = "lab"\n'


class Lab:
    """Runs versions of one module."""

    def __init__(self, project: Project, store: GraphStore) -> None:
        self.project = project
        self.store = store

    @property
    def folder(self) -> Path:
        return Path(self.project.root)

    def run(self, source: str, call: str = "main()", *, fails: bool = False, cache: bool = True) -> str:
        """Run a call of a module of this source; returns the execution's id, once the graph holds it."""
        module = self._module(HEAD + source)
        scheduler = Scheduler(self.project)
        try:
            scheduler.run(eval(call, vars(module)), cache=cache)
        except Exception:
            if not fails:
                raise
        assert scheduler.execution_id is not None
        assert catch_up(self.project).complete
        return scheduler.execution_id

    def dry(self, source: str, call: str = "main()", *, cache: bool = True) -> dict[str, Reason]:
        """What a dry run says would run first: for each task why."""
        module = self._module(HEAD + source)
        try:
            Scheduler(self.project).run(eval(call, vars(module)), cache=cache, dryrun=True)
        except DryRunResult as result:
            return {planned.task: planned.why.reason for planned in result.calls}
        except Exception:
            return {}  # a recorded failure
        return {}

    def jobs(self, execution: str, task: str) -> list[str]:
        """The ids of the jobs of a task in a run, in their order."""
        return [
            row[0]
            for row in self.ask(
                "MATCH (j:Job {execution_id: $id}) WHERE j.task_name = $task RETURN j.id ORDER BY j.n",
                id=execution,
                task=f"lab.{task}",
            )
        ]

    def ask(self, text: str, **params: Any) -> list[tuple[Any, ...]]:
        return self.store.ask(text, params, timeout=30, limit=10_000).rows

    def found(self, execution: str) -> Found:
        return Found("execution", execution, "a run")

    def _module(self, source: str) -> ModuleType:
        """The source as a module of one name and place: what a person has who edits a file and runs it again."""
        path = self.folder / f"{MODULE}.py"
        path.write_text(source)
        linecache.clearcache()
        module = ModuleType(MODULE)
        module.__file__ = str(path)
        sys.modules[MODULE] = module
        exec(compile(source, str(path), "exec"), vars(module))
        return module
