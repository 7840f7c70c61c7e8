"""`hw store`, and what the other commands say of a store or a journal that is not as it should be."""

from __future__ import annotations

import json
import os
import signal

import pytest
from headwater.cypher.backlog import loader_pid
from headwater.cypher.project import open_project

from .conftest import WORKFLOW, Shell

AWAY = "[store]\nuri = bolt://127.0.0.1:9\n"
LOCAL = "[store]\nuri = local\n"
KEYS = ["kind", "address", "running", "pid", "port", "folder", "log", "problem", "pending", "elsewhere"]


@pytest.fixture
def project(hw: Shell) -> Shell:
    hw.write("lab.py", WORKFLOW)
    hw("init")
    return hw


def test_the_local_graph_is_started_and_stopped(project: Shell) -> None:
    before = project("store", "status", "--json").json
    assert list(before) == KEYS
    assert (before["kind"], before["running"], before["pid"], before["pending"]) == ("local", False, None, 0)
    assert "it starts when it is needed" in project("store", "status").out
    assert project("store", "start").out.startswith("up, as process ")
    running = project("store", "status", "--json").json
    assert running["running"]
    assert f"up, as process {running['pid']}, port {running['port']}" in project("store", "start").out
    assert project("store", "stop").out == "stopped\n"
    assert project("store", "stop").out == "was not up\n"
    assert not project("store", "status", "--json").json["running"]


def test_a_store_that_does_not_answer_is_said_with_exit_code_3(project: Shell) -> None:
    project.write(".headwater/headwater.ini", AWAY)
    answer = project("store", "status", "--json")
    assert answer.code == 3
    assert not answer.json["running"]
    assert "127.0.0.1:9" in answer.json["problem"]
    answer = project("log")
    assert (answer.code, answer.out) == (3, "")
    assert "127.0.0.1:9" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_a_neo4j_server_is_not_ours_to_start_or_stop(project: Shell, verb: str) -> None:
    project.write(".headwater/headwater.ini", AWAY)
    answer = project("store", verb)
    assert answer.code == 2
    assert "by its own means" in answer.err


def test_what_a_store_missed_while_it_was_away_is_there_for_the_next_reader(project: Shell) -> None:
    project.write(".headwater/headwater.ini", AWAY)
    assert project("run", "lab.py", "doubles").code == 0
    assert project("store", "status", "--json").json["pending"] == 1
    project.write(".headwater/headwater.ini", LOCAL)
    [run] = project("log", "--json").json["executions"]
    assert (run["task"], run["jobs"]) == ("lab.doubles", {"DONE": 5})
    assert project("store", "status", "--json").json["pending"] == 0


def test_a_damaged_journal_is_reported_by_offset_with_exit_code_3(project: Shell) -> None:
    project.write(".headwater/headwater.ini", AWAY)
    project("run", "lab.py", "doubles")
    [journal] = (project.folder / ".headwater" / "journals").glob("*.hwj")
    content = bytearray(journal.read_bytes())
    content[-20] ^= 0xFF
    journal.write_bytes(content)
    loader = loader_pid(open_project(project.folder))  # it must not look before the next command waits for it
    if loader is not None:
        os.kill(loader, signal.SIGKILL)
    project.write(".headwater/headwater.ini", LOCAL)
    answer = project("log", "--json")
    assert answer.code == 3
    assert journal.name in answer.err
    assert "at byte " in answer.err
    assert isinstance(answer.json["executions"], list)
    assert project("log").code == 0  # it was said; verify goes on saying it


def test_damaged_journals_that_a_loader_met_alone_are_named_by_the_next_reader(project: Shell) -> None:
    for _ in range(2):
        project("run", "lab.py", "doubles", "--no-cache")
    loaded = open_project(project.folder).loaded_journals
    names = sorted(path.name for path in loaded.glob("*.hwj"))
    for name in names:
        (loaded / f"{name}.damaged").write_text(
            json.dumps({"offset": 40, "groups": 1, "reason": "cut"}), "utf-8"
        )
    answer = project("log")
    assert answer.code == 3
    assert all(name in answer.err for name in names)
    assert "cut at byte 40" in answer.err
    assert "hw verify" in answer.err
    assert project("log").code == 0


@pytest.mark.parametrize(
    "words", [["log"], ["query", "RETURN 1"], ["store", "status"], ["run", "lab.py", "doubles"]]
)
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[store]\nuri = bolt://h:7687\npassword = secret\n", "HEADWATER_STORE_PASSWORD"),
        ("[store]\nuri = bolt://u:secret@h:7687\n", "HEADWATER_STORE_PASSWORD"),
        ("[store]\nurl = bolt://h:7687\n", "[store] has no setting 'url'. Did you mean uri?"),
        ("[stor]\nuri = bolt://h:7687\n", "there is no section [stor]. Did you mean store?"),
        (
            "[store]\nuri = http://h:7474\n",
            "http://h:7474 is not the address of a store. Examples: local, bolt://",
        ),
    ],
)
def test_what_is_no_setting_is_refused_by_every_command(
    project: Shell, words: list[str], settings: str, said: str
) -> None:
    project.write(".headwater/headwater.ini", settings)
    answer = project(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert "secret" not in answer.err
    project.write(".headwater/headwater.ini", LOCAL)
