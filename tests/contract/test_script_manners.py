"""What scripts read and write beside what they declare: what is seen, whom it is laid to, and what is not."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.journal import JournalWriter
from headwater.cypher.project import Project
from headwater.cypher.store import open_store
from headwater.engine import script_manners, script_trace, script_watch
from headwater.engine.files import Artefact
from headwater.engine.observed import Company
from headwater.engine.script_process import run_group
from headwater.engine.script_trace import can_trace
from headwater.engine.script_watch import Declared, Watch
from headwater.lineage.verify import verify
from hypothesis import given
from hypothesis import strategies as st

from headwater import CallError, Dir, File, FileSet, ScriptError, catch, script
from tests.runs import run_id

from .conftest import Run, define

TRACED = pytest.mark.skipif(not can_trace(), reason="strace is not installed, or may not be used here")


@pytest.fixture(autouse=True)
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project.root)
    return project.root


def found(project: Project) -> list[tuple[set[str], set[str]]]:
    """What is recorded of each script, by the order in which they began: names of files written, and read."""
    store = open_store(project)
    try:
        table = store.ask(
            "MATCH (j:Job {task_name: 'headwater.script'}) WHERE j.status <> 'CACHED' "
            "RETURN j.undeclared_writes, j.undeclared_reads ORDER BY j.execution_id, j.n",
            {},
            timeout=10,
            limit=100,
        )
    finally:
        store.close()
    return [tuple({os.path.basename(p) for p in paths or ()} for paths in row) for row in table.rows]  # type: ignore[misc]


def test_what_a_script_writes_beside_its_outputs_is_recorded_and_said(
    run: Run, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    Path("there.txt").write_text("old")
    Path("gone.txt").write_text("old")
    with caplog.at_level(logging.WARNING, "headwater"):
        run(script("echo x > out; echo y > side; echo new >> there.txt; rm gone.txt", outputs=File("out")))
    assert found(project) == [({"side", "there.txt", "gone.txt"}, set())]
    [warning] = [r.getMessage() for r in caplog.records if "does not declare" in r.getMessage()]
    assert str(project.root / "side") in warning
    assert "outputs=" in warning
    store = open_store(project)
    try:
        assert not verify(project, store).findings
    finally:
        store.close()


@pytest.mark.parametrize(
    ("command", "declare"),
    [
        ("mkdir d; echo x > d/a; mkdir d/e; echo y > d/e/b", lambda: ([], Dir("d"))),
        ("echo x > a.csv; echo y > b.csv", lambda: ([], FileSet("*.csv"))),
        ("echo x > local", lambda: ([], File("home").stage("local"))),
        ("cat given >> taken; cat taken > out", lambda: ([File("given").stage("taken")], File("out"))),
        (
            "mkdir -p __pycache__ .git; touch __pycache__/a .git/b; cat given",
            lambda: ([File("given")], "done"),
        ),
    ],
)
def test_what_is_declared_or_staged_is_not(run: Run, project: Project, command: str, declare: Any) -> None:
    Path("given").write_text("x")
    inputs, outputs = declare()
    run(script(command, inputs=inputs, outputs=outputs))
    assert found(project) == [(set(), set())]


def test_side_by_side_nobody_is_blamed_for_what_another_may_have_done(run: Run, project: Project) -> None:
    def both() -> Any:
        wait = "while [ ! -e side0 ] || [ ! -e side1 ]; do sleep .01; done"
        return [script(f"echo {n} > side{n}; {wait}; cat side{n}") for n in range(2)]

    run(define("both", "1", both)())
    assert found(project) == [(set(), set())] * 2


def test_what_a_python_task_writes_meanwhile_is_not_laid_to_a_script(run: Run, project: Project) -> None:
    def write() -> None:
        for n in range(20):
            Path(f"python{n}").write_text("x")
            time.sleep(0.02)

    def both() -> Any:
        return [define("write", "1", write)(), script("sleep 0.2")]

    run(define("both", "1", both)())
    assert found(project) == [(set(), set())]


def test_one_after_the_other_each_answers_for_its_own(run: Run, project: Project) -> None:
    def chain() -> Any:
        return script("echo x > second", inputs=[script("echo x > first; echo y")])

    run(define("chain", "1", chain)())
    assert found(project) == [({"first"}, set()), ({"second"}, set())]


def test_while_another_run_of_the_project_is_under_way_nothing_is_laid_to_a_script(
    run: Run, project: Project
) -> None:
    writer = JournalWriter(project.journals / f"{run_id(1)}.hwj", run_id(1))
    try:
        run(script("echo x > side"))
    finally:
        writer.close()
        writer.path.unlink()
    assert found(project) == [(set(), set())]


def test_a_file_that_somebody_holds_open_is_somebody_elses(run: Run, project: Project) -> None:
    with open("run.log", "w") as log:  # as of `hw run … > run.log`
        run(script("echo from the script > run.log; echo x > side"))
        log.write("done")
    assert found(project) == [({"side"}, set())]


def test_what_a_worker_process_saw_and_what_a_failed_script_did_count_too(run: Run, project: Project) -> None:
    run(script("echo x > side", executor="process"))
    with pytest.raises(ScriptError):
        run(script("echo x > other; exit 3"))
    run(catch(script("echo x > third; exit 3"), ScriptError, define("no", "1", lambda _: "no")))
    assert found(project) == [({name}, set()) for name in ("side", "other", "third")]


@pytest.mark.parametrize(("watch", "seen"), [("0", set()), ("3", set()), ("100", {"side"})])
def test_where_there_are_too_many_files_nothing_is_watched(
    run: Run, project: Project, watch: str, seen: set[str]
) -> None:
    settings = project.folder / "headwater.ini"
    settings.write_text(settings.read_text() + f"\n[scripts]\nwatch = {watch}\n")
    for n in range(5):
        Path(f"file{n}").write_text("x")
    run(script("echo x > side"))
    assert found(project) == [(seen, set())]
    [log] = project.folder.glob("logs/*/*.log")
    assert ("too many files" in log.read_text()) == (watch == "3")


@TRACED
def test_a_trace_tells_who_wrote_and_who_read_what(run: Run, project: Project) -> None:
    for name in ("declared", "config", "both"):
        Path(name).write_text("x")

    def both() -> Any:
        return [
            script(
                f"cat declared config > out{n}; cat both > side{n}; mv side{n} moved{n}; touch t{n}; rm t{n}; sleep .1",
                inputs=File("declared"),
                outputs=File(f"out{n}"),
                trace_files=True,
            )
            for n in range(2)
        ]

    run(define("both", "1", both)())
    assert found(project) == [({f"moved{n}"}, {"config", "both"}) for n in range(2)]


@TRACED
def test_a_trace_follows_children_and_folders_and_strange_names(run: Run, project: Project) -> None:
    Path("sub").mkdir()
    Path("sub/ä >\\.txt").write_text("x")
    run(
        script(
            r"""
            cd sub
            (cat 'ä >\.txt' > 'made "it"'; ln -s nowhere link)
            python3 -c "import os; os.rename('made \"it\"', 'renamed'); os.truncate('renamed', 1)"
            """,
            trace_files=True,
        )
    )
    [(writes, reads)] = found(project)
    assert writes == {"renamed", "link"}
    assert reads == {"ä >\\.txt"}


THREADS = """
import os, sys, threading
started = threading.Barrier(8)
def work(n):
    started.wait()
    for i in range(40):
        with open(f"{n}-{i}", "w") as file:
            file.write("x")
        os.rename(f"{n}-{i}", f"moved-{n}-{i}")
        os.utime("given-%d" % n)
    open("given-%d" % n).close()
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
os.mkdir("sub")
def leave():
    os.chdir("sub")
    os.mkdir("inner")
thread = threading.Thread(target=leave)
thread.start()
thread.join()
os.mkfifo("../pipe")
thread = threading.Thread(target=open, args=("../pipe",))  # both ends wait for each other: one comes between
thread.start()
open("../pipe", "w").close()
thread.join()
os.rename("../moved-0-0", "there")
threading.Thread(target=os.execv, args=("/bin/sh", ["sh", "-c", "exec > by-thread"])).start()
"""


@TRACED
@pytest.mark.parametrize("older", [False, True])
def test_calls_of_threads_that_come_between_each_other_are_all_told(tmp_path: Path, older: bool) -> None:
    for n in range(8):
        (tmp_path / f"given-{n}").write_text("x")
    (tmp_path / "threads.py").write_text(THREADS)
    words = script_trace.traced([sys.executable, "threads.py"], str(tmp_path / "report"))
    if older:  # as strace writes it that cannot leave out what failed: calls in the order in which they began
        at = words.index("status=successful")
        del words[at - 1 : at + 1]
    run_group(words, str(tmp_path), lambda *_: None)
    report = (tmp_path / "report").read_text()
    assert ("unfinished" in report) == older
    written, read = script_trace.read_report(str(tmp_path / "report"), str(tmp_path))
    moved = {f"moved-{n}-{i}" for n in range(8) for i in range(40)} - {"moved-0-0"}
    assert {os.path.relpath(path, tmp_path) for path in written} == moved | {
        "pipe",
        "sub/there",
        "sub/by-thread",
    }
    assert {f"given-{n}" for n in range(8)} <= {os.path.relpath(path, tmp_path) for path in read}


@TRACED
def test_a_traced_script_ends_and_fails_like_any_other(run: Run, project: Project) -> None:
    assert run(script("echo out; echo err >&2", trace_files=True)) == "out\n"
    with pytest.raises(ScriptError, match="exit status 3"):
        run(script("echo x > side; exit 3", trace_files=True))
    with pytest.raises(ScriptError, match="SIGTERM"):
        run(script("kill -TERM $$", trace_files=True))
    assert found(project) == [(set(), set()), ({"side"}, set()), (set(), set())]


def test_without_a_tracer_times_of_reading_are_looked_at(
    run: Run, project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(script_manners, "can_trace", lambda: False)
    for name in ("declared", "config", "unread"):
        Path(name).write_text("x")
        os.utime(name, (1, time.time()))
    probe = Path("probe")
    probe.write_text("x")
    os.utime(probe, (1, time.time()))
    probe.read_text()
    if probe.stat().st_atime == 1:
        pytest.skip("this file system keeps no times of reading")
    with caplog.at_level(logging.WARNING, "headwater"):
        run(script("cat declared config", inputs=File("declared"), trace_files=True))
    assert found(project) == [(set(), {"config"})]
    assert "strace" in caplog.text


@pytest.mark.parametrize("place", ["link/../out", "../out", "a/../../out", "/tmp/out"])
def test_a_staged_place_outside_the_temporary_folder_is_refused(run: Run, place: str) -> None:
    Path("in").write_text("x")
    for inputs, outputs in [([File("in").stage(place)], "x"), ([], File("home").stage(place))]:
        with pytest.raises(CallError, match="leads out of the temporary folder"):
            run(script("true", inputs=inputs, outputs=outputs, tempdir=True))


NAMES = ["a", "b", "d/a", "d/e/b", ".hidden"]


@given(
    before=st.dictionaries(st.sampled_from(NAMES), st.integers(1, 5)),
    after=st.dictionaries(st.sampled_from(NAMES), st.integers(1, 5)),
    declared=st.sets(st.sampled_from(NAMES)),
)
def test_exactly_what_changed_and_is_not_declared_is_seen(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[str, int],
    after: dict[str, int],
    declared: set[str],
) -> None:
    root = tmp_path_factory.mktemp("tree")

    def write(name: str, size: int) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x" * size)

    for name, size in before.items():
        write(name, size)
    watch = Watch([root, root / "d"], 100)
    for name in before.keys() - after.keys():
        (root / name).unlink()
    changed = {name for name, size in after.items() if before.get(name) != size}
    for name in changed:
        write(name, after[name])
    outputs: list[Artefact] = [File(root / name) for name in declared]
    places = Declared([], [], script_watch_outputs(outputs), str(root))
    seen = {os.path.relpath(path, os.path.realpath(root)) for path in watch.changes(places)[0]}
    assert seen == (changed | (before.keys() - after.keys())) - declared


def script_watch_outputs(outputs: list[Artefact]) -> Any:
    from headwater.engine.script_places import as_outputs

    return as_outputs(outputs)


@given(st.lists(st.tuples(st.sampled_from(["begin", "end"]), st.integers(0, 5)), max_size=30))
def test_a_call_was_alone_exactly_where_no_other_overlapped_it(events: list[tuple[str, int]]) -> None:
    company = Company()
    running: dict[int, bool] = {}
    for kind, n in events:
        if kind == "begin" and n not in running:
            company.begun += 1
            company.began(n, len(running))
            running = {**dict.fromkeys(running, False), n: not running}
        elif kind == "end" and n in running:
            assert company.was_alone(n) == running.pop(n)


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "up").symlink_to(tmp_path)
    found = script_watch.look([str(tmp_path)], 10)
    assert found is not None
    assert list(found) == [str(tmp_path / "d" / "up")]
