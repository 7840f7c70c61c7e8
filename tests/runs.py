"""Runs made up for tests: every kind of record, in an order in which a scheduler could have written them."""

from __future__ import annotations

import random
from hashlib import sha256
from pathlib import Path

from headwater.cypher.journal import SUFFIX, JournalWriter
from headwater.cypher.project import Project
from headwater.cypher.records import (
    AnyRecord,
    CallMade,
    CodeSeen,
    EvaluationSeen,
    ExecutionEnded,
    ExecutionStarted,
    FileSeen,
    HandleSeen,
    JobEnded,
    JobStarted,
    TaskSeen,
    ValueSeen,
)
from headwater.cypher.targets import note_target

EPOCH = 1_790_000_000_000_000


def run_id(n: int) -> str:
    """The id of a test's n-th run: they sort as they are numbered."""
    return f"0199b2c4-{n:04x}-7000-8000-{sha256(str(n).encode()).hexdigest()[:12]}"


def digest(kind: str, what: object) -> bytes:
    return sha256(f"{kind} {what}".encode()).digest()


class MadeUpRun:
    """A random tree of calls: shared sub-calls, wiring, files, failures, cache hits and single reductions."""

    def __init__(self, seed: int, *, run: str | None = None, calls: int = 40) -> None:
        self.id = run or run_id(seed)
        self.stored: dict[str, bytes] = {}
        """bytes for the value store, by location"""
        self.records: list[AnyRecord] = []
        self._random = random.Random(seed)
        self._seen: set[bytes] = set()
        self._made: list[bytes] = []
        self._job = 0
        self._left = calls
        self._clock = EPOCH
        self.records.append(
            ExecutionStarted(
                self.id,
                self._tick(),
                ["hw", "run", "flow.py", "--name", "a b"],
                "me",
                "here",
                "flow",
                "/flow",
                "0.1.0",
                "3.11.7",
                environment="ab",
                tags=[("kind", "test")],
            )
        )
        root = self._call(None, depth=0)
        assert root
        self._handle(seed)
        self.records.append(ExecutionEnded(self._tick(), "DONE"))

    def _handle(self, seed: int) -> None:
        """A handle that goes through two calls, and back: runs with the seed's parity in common share its states."""
        origin = parent = digest("handle", seed % 2)
        self.records.append(HandleSeen(origin, "made", "ab", [], "flow.base", "flow.Base", origin))
        for n, kind in enumerate(("passed", "call", "passed", "call"), 1):
            state = digest("handle", (seed % 2, n))
            facts = (state, kind, "0", [parent], "flow.base", "flow.Base", origin)
            self.records.append(HandleSeen(*facts))
            self.records.append(HandleSeen(*facts, made=kind == "call", ran=kind == "passed"))
            parent = state

    def groups(self, size: int = 7) -> list[list[AnyRecord]]:
        """The records in groups of a few."""
        return [self.records[start : start + size] for start in range(0, len(self.records), size)]

    def write(self, project: Project, *, size: int = 7, until: int | None = None) -> Path:
        """Write its journal (the first `until` groups of it). Returns its path."""
        path = project.journals / f"{self.id}{SUFFIX}"
        for location, payload in self.stored.items():
            (project.values / location).parent.mkdir(parents=True, exist_ok=True)
            (project.values / location).write_bytes(payload)
        note_target(project, path)
        writer = JournalWriter(path, self.id)
        for group in self.groups(size)[:until]:
            writer.append(group)
        writer.close()
        return path

    def _tick(self) -> int:
        self._clock += self._random.randrange(1, 2_000_000)
        return self._clock

    def _task(self, name: str) -> bytes:
        task = digest("task", name)
        if task not in self._seen:
            self._seen.add(task)
            codes = [self._code(helper) for helper in ("helper", f"{name}_LIMIT")]
            self.records.append(
                TaskSeen(
                    task,
                    name,
                    "flow",
                    "1",
                    f"def {name}(): ...",
                    {"version": "1"},
                    [(code.name, code.kind, code.digest) for code in codes],
                    [],
                    [code.code_hash for code in codes],
                )
            )
        return task

    def _code(self, name: str) -> CodeSeen:
        source = f"{name} = {len(name)}"
        kind = "constant" if name.isupper() else "function"
        code = CodeSeen(digest("code", name), name, kind, sha256(source.encode()).hexdigest(), source)
        if code.code_hash not in self._seen:
            self._seen.add(code.code_hash)
            self.records.append(code)
        return code

    def _value(self, what: object, *, file: str | None = None) -> bytes:
        value = digest("value", what)
        if value not in self._seen:
            self._seen.add(value)
            files = []
            if file is not None:
                files = [digest("file", file)]
                self.records.append(FileSeen(files[0], f"/data/{file}", "stat", "12 34", 12))
            payload, location = repr(what).encode(), None
            if self._random.random() < 0.2:
                name = sha256(payload).hexdigest()
                location = f"{name[:2]}/{name[2:]}"
                self.stored[location] = payload
            self.records.append(
                ValueSeen(
                    value,
                    "str",
                    "pickle",
                    9,
                    str(what),
                    payload if location is None else None,
                    location,
                    tuple(files),
                )
            )
        return value

    def _call(self, parent: int | None, depth: int) -> bytes | None:
        job, self._job = self._job, self._job + 1
        self._left -= 1
        chance = self._random
        name = chance.choice(["load", "clean", "join", "plot"])
        task = self._task(name)
        number = chance.randrange(30)
        args = [("x", 0, self._value(number)), ("y", None, self._value(f"option {number % 3}"))]
        eval_hash = digest("eval", (name, number, depth if chance.random() < 0.5 else 0))
        began = self._tick()
        if chance.random() < 0.4 or parent is None:
            self.records.append(JobStarted(job, parent, task, eval_hash, began, "thread"))
        if parent is not None and chance.random() < 0.1 and self._made:
            known = chance.choice(self._made)
            self.records.append(
                JobEnded(
                    job,
                    parent,
                    task,
                    eval_hash,
                    "CACHED",
                    began,
                    began,
                    "cache",
                    known,
                    reason="same arguments",
                )
            )
            return known
        if parent is not None and chance.random() < 0.05:
            self.records.append(
                JobEnded(
                    job, parent, task, None, "CANCELLED", began, self._tick(), "thread", reason="stopped"
                )
            )
            return None
        children = []
        while depth < 6 and self._left > 0 and (parent is None or chance.random() < 0.6):
            child = self._call(job, depth + 1)
            if child is not None:
                children.append(child)
        failed = chance.random() < 0.05
        result = self._value((name, number, depth), file=f"{number}.csv" if chance.random() < 0.2 else None)
        wiring = [(i, "x", i - 1) for i in range(1, len(children)) if chance.random() < 0.5]
        wiring += [(consumer, name, -1) for consumer, name, _ in wiring if chance.random() < 0.3]
        returns = sorted(chance.sample(range(len(children)), chance.randint(0, len(children))))
        if returns and chance.random() < 0.3:
            returns.append(-1)
        call = sha256(b"".join([task, result, *(value for _, _, value in args), *children])).digest()
        if children:
            self.records.append(EvaluationSeen(eval_hash, result, task, self._tick()))
        if call not in self._seen:
            self._seen.add(call)
            self.records.append(
                CallMade(
                    call,
                    eval_hash,
                    task,
                    tuple(args),
                    result,
                    tuple(children),
                    tuple(wiring),
                    tuple(returns),
                    self._tick(),
                    cacheable=not failed and number % 7 != 0,
                    failed=failed,
                    gap=(f"task {digest('task', 'unseen').hex()}",) if number % 5 == 0 else (),
                )
            )
        self._made.append(call)
        status, error = ("FAILED", "ValueError: no") if failed else ("DONE", None)
        self.records.append(
            JobEnded(
                job,
                parent,
                task,
                eval_hash,
                status,
                began,
                self._tick(),
                "thread",
                call,
                error,
                prov_off=number % 5 == 0,
            )
        )
        return call
