"""Whatever stands in the record, what commands print is text: nothing in it moves a cursor, makes a cell calculate, or
becomes a tag. One project of hostile names is asked in every form of output."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from .conftest import Answer, Shell, on_a_terminal

ANSI = "\x1b[31mred\x1b]0;title\x07\x9b2J"
NAMES = {
    "ansi": ANSI,
    "markup": "[red]bold[/red] :smile: [link=file:///etc]x[/link]",
    "lines": "one\ntwo\rthree\u2028four\x85five\x0b",
    "formula": "=cmd|' /C calc'!A0",
    "script": "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`&",
    "turned": "a\u202ecod.txt\u2066b\u200f",
    "nothing": "zero\u200bwidth\ufeff\u2060\U000e0041",
    "lone": "half\udcffof",
    "mermaid": 'x"] --> evil["y"]; click a "javascript:alert(1)"',
    "long": "n" * 4096,
}
WORKFLOW = '''
import json
from pathlib import Path
from headwater import Dataset, File, apply_tags, task

headwater_namespace = "hostile"
NAMES = json.loads(Path(__file__).with_name("names.json").read_text())


@task
def name(text: str, file: File) -> dict:
    return {text: file.read()}


@task(tags=[("key", NAMES["ansi"])])
def fail(text: str) -> str:
    raise ValueError(text)


@task
def main(folder: str, version: int = 1) -> object:
    """Names everything."""
    found = []
    for index, (kind, text) in enumerate(NAMES.items()):
        path = Path(folder) / str(index) / text.replace("/", "_")[:200]
        found.append(name(text, File(str(path))))
    return apply_tags(found, tags=[f"{kind}={text}" for kind, text in NAMES.items() if kind != "long"],
                      execution_tags=[f"{kind}={text}" for kind, text in NAMES.items() if kind != "long"])


@task
def broken() -> object:
    return [fail(text) for text in NAMES.values()]
'''
DATASETS = """
[datasets.bad]
files = ["**/data/**"]
sensitivity = "personal"
licence = {licence}
origin = {origin}
collected_by = {origin}
purpose = {origin}
"""
ASKED = [
    ["log"],
    ["log", "-"],
    ["log", "RUN"],
    ["log", "hostile.name"],
    ["log", "FILE"],
    ["log", "VALUE"],
    ["trace", "RUN"],
    ["trace", "RUN", "--files"],
    ["trace", "RUN", "--code"],
    ["trace", "RUN", "--people"],
    ["impact", "FILE", "--list", "all"],
    ["impact", "FILE", "--list", "all", "--check"],
    ["why", "hostile.name", "--limit", "20"],
    ["why", "hostile.fail", "--limit", "20"],
    ["why", "RUN"],
    ["diff", "-", "RUN"],
    ["diff", "RUN", "AGAIN"],
    ["find"],
    ["find", "runs"],
    ["find", "files"],
    ["find", "--tag", f"formula={NAMES['formula']}"],
    ["tag", "list"],
    ["tag", "list", "--history"],
    ["dataset", "list"],
    ["dataset", "show", "SET"],
    ["audit", "--fail-on", "note"],
    ["verify"],
    ["query", "MATCH (v:Value) RETURN v.preview, v.tags ORDER BY v.preview"],
    ["query", "MATCH (f:File) RETURN f.path, f ORDER BY f.path"],
    ["query", "failed_jobs"],
]
DOT = r"""([^"]|"([^"\\]|\\.)*")*"""
"""a line of which each quote is closed"""
FORMS = [
    ["trace", "RUN", "--derivation"],
    ["trace", "RUN", "--dot"],
    ["trace", "RUN", "--mermaid"],
    ["trace", "RUN", "--svg"],
    ["query", "MATCH (f:File) RETURN f.path ORDER BY f.path", "--format", "csv"],
    ["query", "MATCH (v:Value) RETURN v.tags, v.preview ORDER BY v.preview", "--format", "csv"],
    ["query", "MATCH p = (:Value)-[:REFERS_TO]->(:File) RETURN p", "--format", "graph"],
    ["audit", "--fail-on", "note", "--format", "sarif"],
    ["audit", "--fail-on", "note", "--format", "junit"],
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, dict[str, str]]]:
    shell = Shell(tmp_path_factory.mktemp("hostile"))
    assert shell("init").code == 0
    (shell.folder / "names.json").write_text(json.dumps(NAMES))
    for index, text in enumerate(NAMES.values()):
        path = shell.folder / "data" / str(index) / text.replace("/", "_")[:200]
        path.parent.mkdir(parents=True)
        path.write_text(text.replace("\udcff", ""))
    shell.write("work.py", WORKFLOW)
    (shell.folder / ".headwater" / "datasets.toml").write_text(
        DATASETS.format(licence=json.dumps(NAMES["script"]), origin=json.dumps(ANSI))
    )
    ran = shell("run", "work.py", "main", "--folder", "data", "--tag", f"who={ANSI}")
    assert ran.code == 0, (ran.out, ran.err)
    assert shell("run", "work.py", "broken").code == 1
    assert shell("run", "work.py", "main", "--folder", "data", "--version", "2").code == 0
    for text in NAMES.values():
        if "\udcff" not in text:
            shell("tag", "add", "-", f"kind={text[:200]}")
    runs = [one["id"] for one in shell("find", "runs", "--json").json["found"]]
    file = next(
        one["file"] for one in shell("find", "files", "--json").json["found"] if "\x1b" in one["path"]
    )
    value = shell("query", "MATCH (v:Value) WHERE v.tags IS NOT NULL RETURN v.value_hash", "--json").json[
        "rows"
    ][0][0]
    yield shell, {"RUN": runs[2], "AGAIN": runs[0], "FILE": file, "VALUE": value, "SET": "bad"}
    shell("store", "stop")


def asked(hostile: tuple[Shell, dict[str, str]], words: list[str], *more: str) -> Answer:
    shell, places = hostile
    answer = shell(*(places.get(word, word) for word in words), *more)
    assert "Traceback" not in answer.err, answer.err
    assert answer.code in (0, 1), answer
    assert answer.out
    return answer


def is_inert(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
def test_text_is_inert(hostile: tuple[Shell, dict[str, str]], words: list[str]) -> None:
    answer = asked(hostile, words)
    assert is_inert(answer.out), words
    assert is_inert(answer.err), words


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
def test_json_is_inert(hostile: tuple[Shell, dict[str, str]], words: list[str]) -> None:
    answer = asked(hostile, words, "--json")
    assert is_inert(answer.out), words
    json.loads(answer.out)


@pytest.mark.parametrize("words", FORMS, ids=" ".join)
def test_every_other_form_is_inert(hostile: tuple[Shell, dict[str, str]], words: list[str]) -> None:
    answer = asked(hostile, words)
    if "csv" in words:
        assert is_inert(answer.out.replace("\r\n", "\n")), words
        for row in csv.reader(io.StringIO(answer.out)):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    else:
        assert is_inert(answer.out), words
    if "--svg" in words or "junit" in words:
        root = ET.fromstring(answer.out)
        names = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert not names & {"script", "img", "foreignObject"}
        assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
    if "--mermaid" in words:
        assert not re.search(r'^\s*click |<script|<img|y"\]', answer.out, re.MULTILINE)
    if "--dot" in words:
        assert all(re.fullmatch(DOT, line) for line in answer.out.splitlines()), words
    if "sarif" in words:
        json.loads(answer.out)
    assert asked(hostile, words).out == answer.out


def test_what_a_notebook_shows_is_inert(hostile: tuple[Shell, dict[str, str]]) -> None:
    shell, places = hostile
    code = "from headwater import log, trace; import sys\nRUN = sys.argv[1]\n"
    code += "for what in log(), log(RUN), trace(RUN): print(what._repr_html_())"
    done = subprocess.run(
        [sys.executable, "-c", code, places["RUN"]],
        cwd=shell.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert is_inert(done.stdout)
    assert not re.search("<script|<img", done.stdout)


@pytest.mark.parametrize("command", ["log", "trace", "impact"])
def test_a_file_whose_name_is_no_text_is_found_by_it(
    hostile: tuple[Shell, dict[str, str]], command: str
) -> None:
    index = list(NAMES).index("lone")
    answer = asked(hostile, [command, f"data/{index}/{NAMES['lone']}"])
    assert "/half%FFof" in answer.out


def test_what_is_no_text_is_refused_where_it_is_asked_for(hostile: tuple[Shell, dict[str, str]]) -> None:
    answer = hostile[0]("find", "--user", NAMES["lone"])
    assert (answer.code, answer.out) == (2, "")
    assert "is no text" in answer.err


def test_a_journal_s_name_is_inert_where_it_is_off(hostile: tuple[Shell, dict[str, str]]) -> None:
    shell, _ = hostile
    journal = shell.folder / ".headwater" / "journals" / "loaded" / "a\x1b[31mEVIL\x1b[0m\nfake line.hwj"
    assert journal.parent.is_dir()
    journal.write_bytes(b"nothing of a journal")
    try:
        seen = on_a_terminal(["verify"], shell.folder, NO_COLOR="")
    finally:
        journal.unlink()
    assert "EVIL" in seen
    assert "\x1b[31mEVIL" not in seen
    assert not [line for line in seen.splitlines() if line.startswith("fake line")]


def test_what_a_run_says_of_a_failure_is_inert(hostile: tuple[Shell, dict[str, str]]) -> None:
    shell, _ = hostile
    answer = shell("run", "work.py", "fail", "--text", f"one\n{ANSI}")
    assert answer.code == 1
    assert is_inert(answer.out)
    assert is_inert(answer.err)
    assert f"ValueError: one\n{ANSI.encode('unicode_escape').decode()}" in answer.err
