"""`hw audit` and `hw dataset`: what they say to people, programs and build servers, and the codes they leave with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
from headwater.cypher.project import create_project
from headwater.lineage.audit import Audit, Finding
from headwater.lineage.audit_junit import junit
from headwater.lineage.audit_sarif import sarif
from headwater.lineage.rules import SEVERITIES, SHIPPED, Rule, read_rule
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Shell, _shell

DATA = Path(__file__).parents[1] / "data"
SARIF = jsonschema.Draft202012Validator(json.loads((DATA / "sarif-2.1.0.json").read_text("utf-8")))
JUNIT = xmlschema.XMLSchema(str(DATA / "junit-10.xsd"))

HOSTILE = "in\x1b[31m.txt"
RULE = """// title: No file is called in.txt
// severity: error
// why: Names say something.
// fix: Rename it.
MATCH (f:File)
WHERE f.path ENDS WITH '.txt'
RETURN 'a file is called ' + f.path AS message, ['file:' + f.file_hash] AS nodes, f.path AS path
"""


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A project with one run, datasets, and a rule of its own."""
    for shell in _shell(tmp_path_factory.mktemp("audited")):
        create_project(shell.folder)
        shell.write(
            "flow.py",
            "from headwater import File, task\n"
            "headwater_namespace = 'flow'\n"
            "@task(version='1', tags={'owner': 'me'})\n"
            "def lines(source: File) -> int:\n"
            "    return len(source.read().splitlines())\n",
        )
        shell.write(HOSTILE, "one\ntwo\n")
        (shell.folder / ".headwater" / "rules").mkdir()
        shell.write(".headwater/rules/names.cypher", RULE)
        assert shell("run", "flow.py", "lines", "--source", HOSTILE).code == 0
        yield shell


def test_findings_are_shown_with_why_and_how_to_mend_them(audited: Shell) -> None:
    answer = audited("audit", "names", "undeclared-origin")
    assert answer.code == 1
    assert "\x1b" not in answer.out
    assert f"a file is called {audited.folder}/in\\x1b[31m.txt" in answer.out
    assert "why: Names say something." in answer.out
    assert "fix: Rename it." in answer.out
    assert answer.out.splitlines()[-1] == "2 rules: 1 error, 1 warning"


def test_what_counts_decides_the_exit_code(audited: Shell) -> None:
    codes = {
        level: audited("audit", "undeclared-origin", "--fail-on", level).code
        for level in (*SEVERITIES, "never")
    }
    assert codes == {"note": 1, "warning": 1, "error": 0, "never": 0}
    assert audited("audit", "clock-skew").code == 0
    assert audited("audit", "clock-skew").out == "1 rule: nothing found\n"
    assert audited("audit", "undeclared-origin", "--since", "2100-01-01").code == 0


def test_json_has_a_stable_shape(audited: Shell) -> None:
    found = audited("audit", "names", "--json").json
    assert list(found) == ["rules", "findings", "counts", "truncated"]
    assert list(found["rules"][0]) == ["id", "severity", "title", "why", "fix", "parameters", "file"]
    [finding] = found["findings"]
    assert list(finding) == ["rule", "severity", "message", "nodes", "path", "fingerprint", "known"]
    assert finding["path"] == str(audited.folder / HOSTILE)
    assert found["counts"] == {"error": 1}


def test_sarif_and_junit_are_what_their_schemas_say(audited: Shell) -> None:
    log = audited("audit", "--format", "sarif").json
    SARIF.validate(log)
    results = log["runs"][0]["results"]
    [named] = [one for one in results if one["ruleId"] == "names"]
    assert named["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "in%1B%5B31m.txt"
    assert {one["level"] for one in results} <= set(SEVERITIES)
    answer = audited("audit", "--format", "junit", "--output", "report.xml")
    assert (answer.code, answer.out) == (1, "")
    JUNIT.validate(str(audited.folder / "report.xml"))


def test_a_baseline_keeps_what_is_known_apart(audited: Shell) -> None:
    missing = audited("audit", "--baseline", "known.json")
    assert missing.code == 2
    assert "hw audit --baseline known.json --write-baseline" in missing.err
    written = audited("audit", "names", "--baseline", "known.json", "--write-baseline")
    assert written.code == 0
    assert "1 findings are known" in written.out
    answer = audited("audit", "names", "undeclared-origin", "--baseline", "known.json")
    assert answer.code == 1
    assert "names:" not in answer.out
    assert answer.out.splitlines()[-1] == "2 rules: 1 warning; 1 known ones are in the baseline"
    assert audited("audit", "names", "--baseline", "known.json").code == 0
    log = audited("audit", "names", "--baseline", "known.json", "--format", "sarif").json
    SARIF.validate(log)
    assert log["runs"][0]["results"][0]["suppressions"][0]["kind"] == "external"


def test_an_older_baseline_is_to_be_made_anew(audited: Shell) -> None:
    audited.write("old.json", '{"version": 3, "findings": []}')
    answer = audited("audit", "names", "--baseline", "old.json")
    assert (answer.code, answer.out) == (2, "")
    assert "hw audit --baseline old.json --write-baseline" in answer.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nams"], "no rule is called nams. Did you mean names?"),
        (["--fail-on", "huge"], "'huge' is not one of"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--param", "days"], "a parameter is NAME=VALUE"),
        (["--param", "weeks=3"], "no rule here has a parameter weeks. There are: conflicts, days"),
        (["--write-baseline"], "--write-baseline needs --baseline FILE"),
        (["--baseline", "flow.py"], "the baseline flow.py cannot be read"),
        (["--output", "no/such/folder"], "cannot be written"),
        (["--timeout", "0"], "0 is not in the range"),
    ],
)
def test_wrong_use_is_told(audited: Shell, words: list[str], message: str) -> None:
    answer = audited("audit", *words)
    assert answer.code == 2
    assert message in answer.err


def test_a_rule_that_writes_ends_with_its_file_and_line(audited: Shell) -> None:
    rule = audited.write("wrong.cypher", RULE.replace("RETURN", "SET f.path = 'x'\nRETURN"))
    answer = audited("audit", "./wrong.cypher")
    assert answer.code == 2
    assert f"{rule.name}:7: the rule does more than read: SET changes" in answer.err


def test_rules_are_listed(audited: Shell) -> None:
    listed = audited("audit", "--list", "--json").json["rules"]
    assert {rule["id"] for rule in listed} == {path.stem for path in SHIPPED.iterdir()} | {"names"}
    assert "the project" in audited("audit", "--list").out


def test_datasets_are_declared_listed_and_traced(audited: Shell) -> None:
    none = audited("dataset", "list")
    assert (none.code, none.out) == (0, "")
    assert "datasets.toml" in none.err
    text = '[datasets.words]\nfiles = ["in*.txt"]\nsensitivity = "internal"\norigin = "a \\u001b[31mbook"\n'
    audited.write(".headwater/datasets.toml", text)
    assert "words" in audited("dataset", "list").out
    audited.write(".headwater/datasets.toml", text.replace("internal", "confidential"))
    shown = audited("dataset", "show", "words")
    assert shown.out.count("dataset words") == 2
    assert "\x1b" not in shown.out
    assert [one["sensitivity"] for one in audited("dataset", "show", "words", "--json").json["datasets"]] == [
        "internal",
        "confidential",
    ]
    assert "confidential" in audited("trace", "-").out
    assert "\x1b" not in audited("trace", "-").out
    [traced] = audited("trace", "-", "--json").json["datasets"]
    assert (traced["dataset"], traced["declared"], len(traced["files"])) == ("words", "confidential", 1)
    assert audited("audit", "undeclared-origin").code == 0
    wrong = audited("dataset", "show", "word")
    assert wrong.code == 2
    assert "Did you mean words?" in wrong.err
    audited.write(".headwater/datasets.toml", text.replace("internal", "secret"))
    for words in (["dataset", "list"], ["audit"], ["trace", "-"]):
        answer = audited(*words)
        assert answer.code == 2
        assert ".headwater/datasets.toml:3: 'secret' is no sensitivity" in answer.err
    ran = audited("run", "flow.py", "lines", "--source", HOSTILE)
    assert ran.code == 0
    assert "note: the datasets are not recorded" in ran.err
    assert audited("verify").code == 0


def finding(parts: tuple[str, str, str | None, str, bool]) -> Finding:
    message, key, path, severity, known = parts
    rule = Rule("some", Path("some.cypher"), message, severity, message, message, "RETURN 1", 1)
    return Finding(rule, message, (f"file:{key}",), path, known, key)


texts = st.text(alphabet=st.characters(codec="utf-8"), min_size=1)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            texts,
            texts,
            st.none() | texts | texts.map("/p/".__add__),
            st.sampled_from(SEVERITIES),
            st.booleans(),
        )
    )
)
def test_whatever_a_finding_says_the_reports_are_what_their_schemas_say(parts: list[Any]) -> None:
    findings = [finding(one) for one in parts]
    rules = list({one.rule.id: one.rule for one in findings}.values())
    audit = Audit([*rules, read_rule(SHIPPED / "clock-skew.cypher")], findings)
    SARIF.validate(json.loads(json.dumps(sarif(audit, Path("/p")))))
    JUNIT.validate(junit(audit))
