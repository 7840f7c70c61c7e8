"""Histories that might have been: the journals of many runs of one workflow, written as the recorder writes them.

    main(day, table, settings) ─▶ part(…) ─▶ region(…) ─▶ make(raw) ─▶ consume(made, table) ─▶ total ─▶ report

A run works on some raw files in regions, the regions in parts where there are many; `consume` calls `parse` and a
`scale` that all runs share; the report is a file, which the next run of the same series takes. Raw files that did not
change since are answered from the cache. Users, hosts and commits change, some runs are tagged, and some fail.

Values, keys and call hashes are made by the engine's own rules, and nothing reaches the graph but through the loader.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from headwater.cypher.journal import SUFFIX, JournalWriter
from headwater.cypher.project import Project
from headwater.cypher.records import (
    AnyRecord,
    CallMade,
    ExecutionEnded,
    ExecutionStarted,
    JobEnded,
    job_id,
)
from headwater.cypher.targets import note_target

from benchmarks.history_values import (
    ERROR,
    FAILURE,
    HOSTS,
    OF_NUMBERS,
    SOURCES,
    USERS,
    HistoryTask,
    HistoryValue,
    file_hash_of,
    file_value,
    history_task,
    plain,
)

GROUP = 4000
"""records of a group of the journal"""
END = 1_760_000_000_000_000
"""when the history ends, in microseconds: a fixed time, so that one seed gives one history"""
BETWEEN = 3_600_000_000
"""microseconds between the beginnings of two runs"""
SIZES = ((10, 40), (40, 30), (200, 20), (1200, 10))
"""raw files of a run, and how often of a hundred it has so many"""
SERIES = 5
"""runs that hand a report on to the next, at most"""
TABLE, CODE = 200, 100
"""runs after which the table, or the code of `consume`, changes"""
REGION = 20
"""raw files of a region"""
PART = 8
"""regions, or parts, of a part"""
SHARED = 16
"""calls of `scale`"""
UNCHANGED, TAGGED = 0.2, 0.1
FAILING = 17
"""of so many runs, one fails"""


@dataclass
class Told:
    """What a history holds, as whoever wrote it counted it.

    Attributes:
        roots: things to ask about, by kind: (kind, id) with the kinds of `headwater.lineage.resolve`.
    """

    runs: int = 0
    calls: int = 0
    jobs: dict[str, int] = field(default_factory=dict)
    files: int = 0
    roots: dict[str, list[str]] = field(default_factory=dict)


class _Made(NamedTuple):
    """A call, and what its caller needs to know of it."""

    call: bytes
    eval: bytes
    task: HistoryTask
    value: bytes


class _Raw(NamedTuple):
    """A raw file that was worked on, and the two calls that can answer for it again."""

    make: _Made
    consume: _Made
    amount: int


class History:
    """The runs of one history, one after the other, until it holds some number of calls."""

    def __init__(self, project: Project, *, calls: int, seed: int = 1) -> None:
        self.project = project
        self.told = Told()
        self.random = random.Random(seed)
        self._wanted = calls
        self._sizes = [files for files, often in SIZES for _ in range(often)]
        self.shared: dict[bytes, _Made] = {}
        self.report: HistoryValue | None = None
        self._left_of_series = 0
        self.before: list[_Raw] = []
        self._runs = 0

    def write(self) -> Iterator[int]:
        """Write run after run; after each, how many calls there are."""
        self.project.journals.mkdir(parents=True, exist_ok=True)
        while self.told.calls < self._wanted:
            files = min(self.random.choice(self._sizes), max((self._wanted - self.told.calls) // 4, 1))
            self._run(files)
            yield self.told.calls

    def _run(self, files: int) -> None:
        number, self._runs = self._runs, self._runs + 1
        if self._left_of_series == 0:
            self._left_of_series = self.random.randint(1, SERIES)
            self.report, self.before = None, []
        if number % TABLE == 0:
            self.before = []  # what was made with another table is no answer
        self._left_of_series -= 1
        started = END - BETWEEN * (10_000 - number)
        run = _Run(self, number, started)
        if run.main(files, fails=number % FAILING == FAILING - 1):
            self.report, self.before = run.report, run.raws
        else:
            self._left_of_series = 0
        self._write(run)

    def _write(self, run: _Run) -> None:
        path = self.project.journals / f"{run.id}{SUFFIX}"
        note_target(self.project, path)
        writer = JournalWriter(path, run.id)
        for start in range(0, len(run.records), GROUP):
            writer.append(run.records[start : start + GROUP])
        writer.close()
        told, pick = self.told, self.random
        told.runs += 1
        told.files += run.files + (run.number % TABLE == 0) + (run.number == 0)  # the table, and the settings
        told.calls += run.calls
        for status, count in run.statuses.items():
            told.jobs[status] = told.jobs.get(status, 0) + count
        for kind, ids in run.roots.items():
            told.roots.setdefault(kind, []).extend(pick.sample(ids, min(len(ids), 3)))


class _Run:
    """One run, while it is made up."""

    def __init__(self, history: History, number: int, started: int) -> None:
        self.history, self.number, self.now = history, number, started
        self.random = history.random
        self.id = _uuid7(started, self.random)
        self.records: list[AnyRecord] = []
        self.seen: set[bytes] = set()
        self.calls = self.files = 0
        self.began: list[int] = []
        """when each job did"""
        self.statuses: dict[str, int] = {}
        self.roots: dict[str, list[str]] = {"run": [self.id], "job": [], "made": [], "raw": []}
        self.report: HistoryValue | None = None
        self.previous, self.before = history.report, history.before
        self.raws: list[_Raw] = []
        self.fails_at: int | None = None
        code = str(1 + number // CODE)
        self.tasks = {name: history_task(name, "1") for name in SOURCES} | {
            "consume": history_task("consume", code)
        }
        self.table = file_value("/data/table.csv", number // TABLE)
        self.day = plain(number)
        self.settings = file_value("/data/settings.toml", 0)
        pick = self.random
        self.records.append(
            ExecutionStarted(
                *(self.id, started, ["hw", "run", "history.py", "main", f"--day={number}"]),
                *(pick.choice(USERS), pick.choice(HOSTS), "history", "/history", "0.1.0", "3.11.7"),
                git_commit=sha256(b"commit %d" % (number // 5)).hexdigest()[:40],
                git_dirty=pick.random() < TAGGED,
                environment=sha256(b"environment").hexdigest(),
                tags=[("stage", "release")] if pick.random() < TAGGED else [],
                project_root="/history",
            )
        )

    # -- the workflow ------------------------------------------------------------------------------------------

    def main(self, files: int, *, fails: bool) -> bool:
        """Make the run up. Returns whether it came to its end."""
        root = self._begin()
        self.fails_at = self.random.randrange(files) if fails else None
        regions = [range(at, min(at + REGION, files)) for at in range(0, files, REGION)]
        arguments = [("day", self.day), ("table", self.table), ("settings", self.settings)]
        parts, amounts = self._parts(root, regions)
        made = [part for part in parts if part is not None]
        failed = len(made) < len(parts)
        if failed:
            self._fail(root, None, "main", arguments, made)
        else:
            self.report = file_value(f"/out/report-{self.number}.txt", sum(amounts))
            self.files += 1
            report = self._call("report", root, [("totals", plain(amounts)), ("day", self.day)], self.report)
            self._end(
                *(root, None, "main", arguments),
                result=self.report,
                children=[*made, report],
                wiring=[(len(made), "totals", at) for at in range(len(made))],
                returns=[len(made)],
            )
            self.roots["made"].append(file_hash_of(self.report))
        self.records.append(
            ExecutionEnded(self._tick(), "FAILED" if failed else "DONE", ERROR if failed else None)
        )
        return not failed

    def _parts(self, parent: int, regions: list[range]) -> tuple[list[_Made | None], list[int]]:
        """Regions, in parts of parts where there are many."""
        if len(regions) <= PART:
            found = [self._region(parent, one) for one in regions]
            return [made for made, _ in found], [amount for _, amount in found]
        size = PART
        while size * PART < len(regions):
            size *= PART
        parts: list[_Made | None] = []
        amounts: list[int] = []
        for at in range(0, len(regions), size):
            some = regions[at : at + size]
            job = self._begin()
            inner, gave = self._parts(job, some)
            arguments = self._arguments(some[0].start)
            children = [one for one in inner if one is not None]
            if len(children) < len(inner):
                self._fail(job, parent, "part", arguments, children)
                parts.append(None)
            else:
                summed = list(range(len(children)))
                parts.append(
                    self._summed(
                        job, parent, "part", arguments, amounts=gave, children=children, summed=summed
                    )
                )
            amounts.append(sum(gave))
        return parts, amounts

    def _region(self, parent: int, numbers: range) -> tuple[_Made | None, int]:
        job = self._begin()
        arguments = self._arguments(numbers.start)
        children: list[_Made] = []
        amounts: list[int] = []
        for i in numbers:
            if i == self.fails_at:
                raw = self._raw(i)
                children.append(self._make(job, i, raw)[0])
                self._fail(self._begin(), job, "consume", [("file", raw), ("table", self.table)], [])
                self._fail(job, parent, "region", arguments, children)
                return None, 0
            found = self._known(i)
            if found is None:
                found = self._worked_on(job, i)
            else:
                self._cached(found.make, job)
                self._cached(found.consume, job)
            children += [found.make, found.consume]
            amounts.append(found.amount)
            self.raws.append(found)
        consumed = list(range(1, len(children), 2))
        wiring = [(at, "file", at - 1) for at in consumed]
        made = self._summed(
            *(job, parent, "region", arguments),
            amounts=amounts,
            children=children,
            summed=consumed,
            wiring=wiring,
        )
        return made, sum(amounts)

    def _arguments(self, first: int) -> list[tuple[str, HistoryValue]]:
        """Of a part or a region."""
        arguments = [("day", self.day), ("first", plain(first)), ("table", self.table)]
        return arguments if self.previous is None else [*arguments, ("previous", self.previous)]

    def _known(self, i: int) -> _Raw | None:
        """A raw file that did not change since the run before, and what was made of it."""
        known = self.before[i] if i < len(self.before) and self.random.random() < UNCHANGED else None
        same_code = known is not None and known.consume.task.hash == self.tasks["consume"].hash
        return known if same_code else None

    def _worked_on(self, parent: int, i: int) -> _Raw:
        """`consume(make(raw), table)`, where `consume` is `scale(parse(file))`."""
        raw = self._raw(i)
        make, made = self._make(parent, i, raw)
        kind = self.random.randrange(SHARED)
        job = self._begin()
        number, result = plain(kind), plain(kind * 3)
        parse = self._call("parse", job, [("file", made)], number)
        scale = self._call("scale", job, [("value", number)], result)
        consume = self._end(
            *(job, parent, "consume", [("file", made), ("table", self.table)]),
            result=result,
            children=[parse, scale],
            wiring=[(1, "value", 0)],
            returns=[1],
        )
        return _Raw(make, consume, kind * 3)

    def _raw(self, i: int) -> HistoryValue:
        raw = file_value(f"/data/raw/{i}.csv", self.number)
        self.files += 1
        self.roots["raw"].append(file_hash_of(raw))
        return raw

    def _make(self, parent: int, i: int, raw: HistoryValue) -> tuple[_Made, HistoryValue]:
        made = file_value(f"/out/{self.number}/made-{i}.csv", i)
        self.files += 1
        self.roots["made"].append(file_hash_of(made))
        return self._call("make", parent, [("raw", raw)], made), made

    def _summed(
        self,
        job: int,
        parent: int,
        name: str,
        arguments: list[tuple[str, HistoryValue]],
        *,
        amounts: list[int],
        children: list[_Made],
        summed: list[int],
        wiring: list[tuple[int, str, int]] | None = None,
    ) -> _Made:
        """A call that gives the total of some of its children."""
        result = plain(sum(amounts))
        total = self._call("total", job, [("amounts", plain(amounts))], result)
        at = len(children)
        return self._end(
            *(job, parent, name, arguments),
            result=result,
            children=[*children, total],
            wiring=[*(wiring or []), *((at, "amounts", one) for one in summed)],
            returns=[at],
        )

    # -- jobs and calls ----------------------------------------------------------------------------------------

    def _begin(self) -> int:
        self.began.append(self._tick())
        return len(self.began) - 1

    def _call(
        self, name: str, parent: int, arguments: list[tuple[str, HistoryValue]], result: HistoryValue
    ) -> _Made:
        """A call that made no others; one that only numbers go into may have been made by any run before."""
        key = self._key(name, arguments)
        known = self.history.shared.get(key)
        if known is not None:
            self._cached(known, parent)
            return known
        made = self._end(self._begin(), parent, name, arguments, result=result, children=[])
        if name in OF_NUMBERS:
            self.history.shared[key] = made
        return made

    def _end(
        self,
        job: int,
        parent: int | None,
        name: str,
        arguments: list[tuple[str, HistoryValue]],
        *,
        result: HistoryValue,
        children: list[_Made],
        wiring: list[tuple[int, str, int]] | None = None,
        returns: list[int] | None = None,
        failed: bool = False,
    ) -> _Made:
        task = self._told_task(self.tasks[name])
        for _, value in (*arguments, ("", result)):
            self._told_value(value)
        key = self._key(name, arguments)
        hashes = tuple([child.call for child in children])
        call = sha256(b"".join([b"Call\0", key, result.hash, *hashes])).digest()
        self.calls += 1
        taken: list[tuple[str, int | None, bytes]] = [
            (argument, at, value.hash) for at, (argument, value) in enumerate(arguments)
        ]
        flows = tuple(wiring or ()), tuple(returns or ())
        self.records.append(
            CallMade(
                *(call, key, task.hash, tuple(taken), result.hash, hashes, *flows),
                at=self._tick(),
                failed=failed,
            )
        )
        made = _Made(call, key, task, result.hash)
        self._job(job, parent, made, "FAILED" if failed else "DONE", ERROR if failed else None)
        return made

    def _key(self, name: str, arguments: list[tuple[str, HistoryValue]]) -> bytes:
        parts = [b"Eval\0", self.tasks[name].hash]
        for argument, value in arguments:
            parts += (argument.encode(), b"\0", value.hash)
        return sha256(b"".join(parts)).digest()

    def _fail(
        self,
        job: int,
        parent: int | None,
        name: str,
        arguments: list[tuple[str, HistoryValue]],
        children: list[_Made],
    ) -> None:
        self._end(job, parent, name, arguments, result=FAILURE, children=children, failed=True)

    def _cached(self, made: _Made, parent: int) -> None:
        self._told_task(made.task)
        self._job(self._begin(), parent, made, "CACHED", None)

    def _job(self, n: int, parent: int | None, made: _Made, status: str, error: str | None) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if made.task.name not in OF_NUMBERS and self.random.random() < TAGGED:
            self.roots["job"].append(job_id(self.id, n))  # a call that all runs share would reach all of them
        began, ended = self.began[n], self._tick()
        self.records.append(
            JobEnded(
                *(n, parent, made.task.hash, made.eval, status, began, ended, "thread", made.call),
                error=error,
                reason=None if status == "CACHED" else "never run with these arguments and this code",
            )
        )

    # -- what is told once -------------------------------------------------------------------------------------

    def _told_task(self, task: HistoryTask) -> HistoryTask:
        if task.hash not in self.seen:
            self.seen.add(task.hash)
            self.records.append(task.record)
        return task

    def _told_value(self, value: HistoryValue) -> None:
        if value.hash in self.seen:
            return
        self.seen.add(value.hash)
        if value.file is not None and value.file.file_hash not in self.seen:
            self.seen.add(value.file.file_hash)
            self.records.append(value.file)
        self.records.append(value.record)

    def _tick(self) -> int:
        self.now += 20
        return self.now


def _uuid7(micros: int, pick: random.Random) -> str:
    value = (micros // 1000 & ((1 << 48) - 1)) << 80 | pick.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
