"""`hw verify`: says what is off, and where it stands in the journals."""

from __future__ import annotations

import pytest
from headwater.cypher.project import open_project

from tests.conftest import server_of

from .conftest import WORKFLOW, Shell

LATER = """
from headwater import File, task

headwater_namespace = "later"


@task
def main(file: File = File("copy.txt")) -> int:
    return len(file.read())
"""


@pytest.fixture
def project(hw: Shell) -> Shell:
    hw.write("lab.py", WORKFLOW)
    hw.write("in.txt", "one\ntwo\n")
    assert hw("run", "lab.py", "copied_lines", "--source", "in.txt").code == 0
    return hw


def test_where_nothing_is_off_it_says_so(lab: Shell) -> None:
    answer = lab("verify")
    assert answer.code == 0, answer
    assert answer.out.endswith(": nothing is off\n")
    result = lab("verify", "--json").json
    assert list(result) == [
        *(
            "journals",
            "groups",
            "records",
            "seals",
            "sealed",
            "keys",
            "others",
            "findings",
            "first",
            "downstream",
        )
    ]
    assert (result["journals"], result["findings"]) == (4, [])


def test_a_record_that_the_graph_has_otherwise_is_named_with_its_place(project: Shell) -> None:
    server_of(open_project(project.folder)).run("MATCH (v:Value {preview: '2'}) SET v.preview = '3'")
    answer = project("verify", "--json")
    assert answer.code == 3
    [finding] = answer.json["findings"]
    assert list(finding) == [
        *("kind", "label", "key", "what", "recorded", "found", "journal", "group", "offset", "record"),
    ]
    assert (finding["kind"], finding["label"], finding["what"]) == ("different", "Value", "preview")
    assert (finding["recorded"], finding["found"]) == ("2", "3")
    text = project("verify")
    assert text.code == 3
    assert f"Value {finding['key']}: preview was recorded as '2', the graph has '3'" in text.out
    assert f"{finding['journal']}: group {finding['group']}, at byte {finding['offset']}" in text.out
    assert text.out.endswith("1 thing is off\n")


def test_what_the_graph_lacks_and_what_no_journal_has_are_told_apart(project: Shell) -> None:
    server = server_of(open_project(project.folder))
    server.run("MATCH (v:Value {preview: '2'}) DETACH DELETE v")
    server.run("CREATE (:Task {task_hash: 'abcd'})")
    findings = project("verify", "--json").json["findings"]
    assert ("missing", "Value") in {(finding["kind"], finding["label"]) for finding in findings}
    assert ("unknown", "Task", "abcd") in {
        (finding["kind"], finding["label"], finding["key"]) for finding in findings
    }


def test_a_damaged_journal_is_named_with_the_byte(project: Shell) -> None:
    [journal] = (project.folder / ".headwater" / "journals" / "loaded").glob("*.hwj")
    content = bytearray(journal.read_bytes())
    content[-20] ^= 0xFF
    journal.write_bytes(content)
    answer = project("verify")
    assert answer.code == 3
    assert f"damaged  Journal {journal.name}" in answer.out
    assert "at byte " in answer.out
    # Which record is off, nobody can tell: the whole run is in doubt, and all that came of it.
    assert f"recorded by run {journal.stem}\n" in answer.out
    below = project("verify", "--json").json["downstream"]
    assert (below["run"], below["runs"]) == (journal.stem, 1)
    made = project("query", "MATCH (c:CallNode) RETURN count(c) AS n", "--json").json
    assert below["calls"] == made["rows"][0][0] > 0


def test_of_a_damaged_run_all_that_came_of_it_is_told(project: Shell) -> None:
    journals = project.folder / ".headwater" / "journals" / "loaded"
    [journal] = journals.glob("*.hwj")
    project.write("later.py", LATER)
    assert project("run", "later.py", "main").code == 0
    content = bytearray(journal.read_bytes())
    content[-20] ^= 0xFF
    journal.write_bytes(content)
    below = project("verify", "--json").json["downstream"]
    assert (below["run"], below["runs"]) == (journal.stem, 2)
    assert "later.main" in {call["task"] for call in below["listed"]}
