"""`hw store gc`: what is said, what is deleted, and what is refused."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.project import create_project
from headwater.engine.values import ValueStore

from headwater.cli.launch import old_logs
from tests.waiting import wait_for

from .conftest import Shell, environment

WORKFLOW = """\
from headwater import task

headwater_namespace = "big"


@task
def large(n: int) -> bytes:
    return bytes(n)
"""
KEYS = [
    "address",
    "dry_run",
    "older_than",
    "running",
    "unused",
    "young",
    "kept",
    "deleted",
    "set_aside",
    "restored",
    "unfinished",
    "damaged_journals",
    "launch_logs",
]


@pytest.fixture
def project(hw: Shell) -> Shell:
    hw.write("big.py", WORKFLOW)
    hw("init")
    assert hw("run", "big.py", "large", "--n", "50000").code == 0
    return hw


def old(project: Shell, content: bytes) -> Path:
    folder = project.folder / ".headwater" / "values"
    path = folder / ValueStore(folder).put(content)
    then = time.time() - 3 * 86_400
    os.utime(path, (then, then))
    return path


def test_a_dry_run_tells_and_the_real_one_deletes(project: Shell) -> None:
    path = old(project, b"unused")
    answer = project("store", "gc", "--dry-run")
    assert answer.code == 0
    assert re.search(r"^bytes of no value +1 +6 B$", answer.out, re.MULTILINE)
    assert re.search(r"^in use +1 +50\.0 KB$", answer.out, re.MULTILINE)
    assert "nothing was deleted (--dry-run)" in answer.out
    assert path.exists()
    told = project("store", "gc", "--json").json
    assert list(told) == KEYS
    assert told["unused"]["value"] == told["deleted"] == {"files": 1, "bytes": 6}
    assert told["older_than"] == 86_400
    assert not path.exists()
    cache = {"HEADWATER_CACHE": str(project.folder / "cache")}
    killed = "import os; from headwater import File; f = File('x').open('w'); f.write('half'); os._exit(9)"
    subprocess.run([sys.executable, "-c", killed], cwd=project.folder, env=environment(**cache), check=False)
    assert list(project.folder.glob(".*.hw-partial"))
    answer = project("store", "gc", **cache)
    assert answer.out.endswith("0 files deleted, 0 B\n")
    assert "note: 1 file that killed runs had left elsewhere removed or put back" in answer.err
    assert not list(project.folder.glob(".*.hw-partial"))
    assert project("run", "big.py", "large", "--n", "50000", "--json").code == 0
    assert project("verify").code == 0


def test_what_is_young_goes_only_when_it_is_asked_for(project: Shell) -> None:
    ValueStore(project.folder / ".headwater" / "values").put(b"new")
    assert project("store", "gc", "--json").json["young"] == {"files": 1, "bytes": 3}
    assert project("store", "gc", "--older-than", "0m", "--json").json["deleted"] == {"files": 1, "bytes": 3}


def test_a_place_that_others_may_use_is_cleaned_only_on_request(project: Shell, tmp_path: Path) -> None:
    project.write(".headwater/headwater.ini", f"[store]\nvalues = {tmp_path}/elsewhere\n")
    answer = project("store", "gc")
    assert (answer.code, answer.out) == (2, "")
    assert "hw store gc --alone" in answer.err
    assert project("store", "gc", "--dry-run").code == 0
    assert project("store", "gc", "--alone").code == 0


def test_a_store_that_is_away_deletes_nothing(project: Shell) -> None:
    path = old(project, b"unused")
    project.write(".headwater/headwater.ini", "[store]\nuri = bolt://127.0.0.1:9\n")
    assert project("store", "gc").code == 3
    assert path.exists()


@pytest.mark.parametrize("words", [["--older-than", "soon"], ["--older-than", "2999-01-01"], ["now"]])
def test_what_makes_no_sense_is_refused(project: Shell, words: list[str]) -> None:
    answer = project("store", "gc", *words)
    assert (answer.code, answer.out) == (2, "")
    assert "Traceback" not in answer.err


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_value_store_on_s3(hw: Shell, bucket: str) -> None:
    from moto.s3.models import s3_backends

    hw.write("big.py", WORKFLOW)
    hw("init")
    hw.write(".headwater/headwater.ini", f"[store]\nvalues = s3://{bucket}/values\n")
    assert hw("run", "big.py", "large", "--n", "50000").code == 0
    values = ValueStore(f"s3://{bucket}/values")
    unused = values.put(b"unused")
    again = values.put(b"put again")
    keys = s3_backends["123456789012"]["aws"].buckets[bucket].keys
    young = hw("store", "gc", "--alone", "--json").json
    assert (young["young"]["files"], young["kept"]["files"]) == (2, 1)
    [used] = {entry.location for entry in values.entries()} - {unused, again}
    assert hw("store", "gc", "--alone", "--older-than", "1h").code == 2
    for key in keys.values():
        key.last_modified = datetime.now(timezone.utc) - timedelta(days=3)
    values.put(b"put again")
    told = hw("store", "gc", "--alone", "--json").json
    assert told["address"] == f"s3://{bucket}/values"
    assert (told["set_aside"], told["deleted"]) == ({"files": 1, "bytes": 6}, {"files": 0, "bytes": 0})
    assert told["kept"]["files"] == 1
    assert [entry.location for entry in values.entries() if entry.kind == "aside"] == [unused]
    assert "0 files deleted, 0 B" in hw("store", "gc", "--alone").out, "it has not been aside for hours"
    assert {entry.location for entry in values.entries() if entry.kind == "value"} == {again, used}
    assert values.get(unused) == b"unused", "whoever needs it brings it back"
    assert {entry.location for entry in values.entries() if entry.kind == "value"} == {again, used, unused}


def test_old_logs_of_launched_commands_go(project: Shell) -> None:
    execution = project("launch", "cat", "nowhere.txt").out.strip()
    log = project.folder / ".headwater" / "launched" / f"{execution}.log"
    wait_for(lambda: log.exists() and "nowhere.txt" in log.read_text(), 60)
    wait_for(lambda: project("log", execution, "--json").json["execution"]["status"] == "FAILED", 60)
    assert project("store", "gc", "--json").json["launch_logs"] == {"files": 0, "bytes": 0}
    then = time.time() - 3 * 86_400
    os.utime(log, (then, then))
    told = project("store", "gc", "--dry-run")
    assert "1 file of hw launch" in told.err
    assert log.exists()
    assert project("store", "gc", "--json").json["launch_logs"]["files"] == 1
    assert not log.exists()


def test_a_log_that_goes_away_while_it_is_looked_at_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = create_project(tmp_path)
    logs = project.folder / "launched"
    logs.mkdir()
    for name in ("gone", "stays"):
        (logs / f"{name}.log").write_text(name)
    look = Path.stat

    def gone_just_now(path: Path, **options: Any) -> os.stat_result:
        if path.name == "gone.log":
            path.unlink(missing_ok=True)
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", gone_just_now)
    assert old_logs(project, time.time() + 60) == {logs / "stays.log": 5}
