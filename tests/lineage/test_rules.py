"""Rule files: what they say of themselves, and errors that name the file and the line."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.cypher.guard import check_read_only
from headwater.cypher.project import Project, create_project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.audit import Audit, audit
from headwater.lineage.audit_facts import AuditFacts
from headwater.lineage.audit_fingerprints import fingerprints
from headwater.lineage.rules import SEVERITIES, SHIPPED, RuleError, load_rules, read_rule
from hypothesis import given
from hypothesis import strategies as st

from headwater import UsageError
from tests.lineage.lab import MODULE, Lab

HEAD = """// title: A title
// severity: warning
// why: It has
//   two lines.
// fix: None: leave it.
// param days = [1, 2]
"""
QUERY = "RETURN 'message' AS message, ['job:1'] AS nodes"


@pytest.fixture
def store(shared_local_project: Project) -> Any:
    store = open_store(shared_local_project)
    yield store
    store.close()


def write(folder: Path, text: str, name: str = "mine") -> Path:
    path = folder / f"{name}.cypher"
    path.write_text(text, "utf-8")
    return path


def test_a_rule_says_what_it_is(tmp_path: Path) -> None:
    rule = read_rule(write(tmp_path, f"{HEAD}//\n\n{QUERY} // $labels $tags\n"))
    assert (rule.id, rule.title, rule.severity) == ("mine", "A title", "warning")
    assert (rule.why, rule.fix) == ("It has two lines.", "None: leave it.")
    assert (rule.parameters, rule.query.strip().splitlines()[0], rule.start) == (
        {"days": [1, 2]},
        QUERY + " // $labels $tags",
        9,
    )
    assert rule.uses == frozenset()
    uses = read_rule(write(tmp_path, f"{HEAD}UNWIND $labels AS l UNWIND $days AS d {QUERY}")).uses
    assert uses == {"labels"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEAD, 6, "the rule has no query"),
        ("", 1, "the rule has no query"),
        (QUERY, 1, "the rule says no title: write a line"),
        (HEAD.replace("// fix", "// fox") + QUERY, 5, r"a rule has no 'fox'\. Did you mean fix"),
        (HEAD.replace("warning", "warnin") + QUERY, 2, r"'warnin' is no severity\. Did you mean warning"),
        (HEAD.replace("[1, 2]", "[1, 2") + QUERY, 6, "the value of a param is JSON"),
        (HEAD + "// something else\n" + QUERY, 7, "is none of"),
        (HEAD + "RETURN 1\n  + $lables", 8, r"there is no parameter \$lables\. Did you mean labels"),
        (HEAD + "RETURN\n'open", 8, "there is a string"),
        (HEAD + "// each: labels\nUNWIND $labels AS l " + QUERY, 7, "says that a query looks at each of"),
        (
            HEAD + "// each: origins\n" + QUERY,
            7,
            "of nothing else it can be said, and of no query without them",
        ),
    ],
)
def test_a_file_that_is_no_rule_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(RuleError, match=message) as caught:
        read_rule(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("query", "line", "message"),
    [
        ("MATCH (n)\nSET n.x = 1\n" + QUERY, 8, "the rule does more than read: SET changes"),
        ("MATCH (n) RETURN\nn.x +", 8, "does not accept the query"),
        ("RETURN 1 AS message", 7, "this one returns message"),
        ("RETURN 'a' AS message, ['job:1'] AS nodes, 1 AS more", 7, "this one returns message, nodes, more"),
        ("MATCH (n)\nWITH count(n) AS n\nRETURN n", 9, "this one returns n"),
        (
            "CALL {\n  // of all\n  MATCH (n)\n  RETURN n\n}\nWITH 1 AS one\n"
            "RETURN COLLECT {\n  UNWIND [1] AS one\n  RETURN one\n} AS message,\n{return: 1}.return AS nodes",
            13,
            "message is a text in every row",
        ),
        ("UNWIND [1] AS n\nRETURN 'a' AS message, [] AS nodes", 8, "nodes is a list of KIND:KEY"),
        (
            "UNWIND [1] AS n\nRETURN 'a' AS message, ['job:1'] AS nodes, 5 AS path",
            8,
            "path is a text or null",
        ),
        ("RETURN 1 AS message, ['job:1'] AS nodes", 7, "message is a text in every row"),
        ("RETURN 'a' AS message, [] AS nodes", 7, "nodes is a list of KIND:KEY"),
        ("RETURN 'a' AS message, ['jobs:1'] AS nodes", 7, "nodes is a list of KIND:KEY"),
        ("RETURN 'a' AS message, null AS nodes", 7, "nodes is a list of KIND:KEY"),
        ("RETURN 'a' AS message, ['job:1'] AS nodes, 5 AS path", 7, "path is a text or null"),
        (
            "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH sum(a * b) AS s\n" + QUERY,
            7,
            "could not be looked at within 0.5 s",
        ),
    ],
)
def test_a_query_that_is_none_of_a_rule_is_refused_with_its_line(
    store: GraphStore, tmp_path: Path, query: str, line: int, message: str
) -> None:
    path = write(tmp_path, HEAD + query)
    with pytest.raises(RuleError, match=message) as caught:
        run(store, path, timeout=0.5 if "within" in message else 60)
    assert str(caught.value).startswith(f"{path}:{line}: ")


def run(store: GraphStore, path: Path, *, timeout: float = 30, **parameters: Any) -> Audit:
    facts = AuditFacts(store, None)
    return audit(store, [read_rule(path)], facts, parameters=parameters, timeout=timeout)


def test_equal_rows_are_one_finding_and_parameters_count(store: GraphStore, tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "UNWIND $days AS day\nRETURN 'day ' + day AS message, ['job:1'] AS nodes")
    assert [one.message for one in run(store, path).findings] == ["day 1", "day 2"]
    assert [one.message for one in run(store, path, days=[5, 5]).findings] == ["day 5"]
    with pytest.raises(UsageError, match=r"no rule here has a parameter day\. There are: days"):
        run(store, path, day=1)


def test_a_finding_is_known_again_by_its_rule_its_message_and_its_nodes(
    store: GraphStore, tmp_path: Path
) -> None:
    one = write(tmp_path, HEAD + "RETURN 'a' AS message, ['job:1', 'file:2'] AS nodes")
    other = write(tmp_path, HEAD + "RETURN 'a' AS message, ['file:2', 'job:1'] AS nodes", "other")
    first = run(store, one).findings[0].fingerprint
    assert run(store, other).findings[0].fingerprint != first
    for query, same in [
        ("RETURN 'a' AS message, ['file:2', 'job:1'] AS nodes", True),
        ("RETURN 'b' AS message, ['file:2', 'job:1'] AS nodes", False),
        ("RETURN 'a' AS message, ['file:2', 'job:3'] AS nodes", False),
    ]:
        write(tmp_path, HEAD + query)
        assert (run(store, one).findings[0].fingerprint == first) == same, query


OF_ALL = """
MATCH (e:Execution)
MATCH (j:Job {execution_id: e.id})-[:MADE]->(c:CallNode)-[:OF]->(t:Task)
UNWIND [['run ' + left(e.id, 13), ['execution:' + e.id]], [j.task_name + ' in run ' + e.id, ['job:' + j.id]],
        ['call ' + left(c.call_hash, 8), ['call:' + c.call_hash]],
        [t.name, ['task:' + t.task_hash, 'job:' + j.id]]] AS one
RETURN one[0] AS message, one[1] AS nodes
"""
DOUBLES = """
@task
def double(n: int) -> int:
    return 2 * n

@task
def main(n: int) -> list[int]:
    return [double(n), double(n + 1)]
"""


def test_a_finding_is_known_again_when_the_workflow_is_run_again(project: Project, tmp_path: Path) -> None:
    rule = write(tmp_path, HEAD + OF_ALL)
    store = open_store(project)
    try:
        lab = Lab(project, store)

        def found(call: str) -> list[str]:
            lab.run(DOUBLES, call, cache=False)
            return [one.fingerprint for one in run(store, rule).findings]

        first = found("main(1)")
        assert len(set(first)) == len(first) == 1 + 3 + 3 + 3
        again = found("main(1)")
        assert len(again) > len(first)
        assert set(again) == set(first)
        # main(2) has double(2) in common with main(1).
        assert len(set(found("main(2)")) - set(first)) == 1 + 2 + 2 + 2
    finally:
        store.close()


def test_a_projects_rule_goes_before_one_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path, HEAD + QUERY, "old-cache")
    write(tmp_path, HEAD + QUERY)
    rules = {rule.id: rule for rule in load_rules(tmp_path)}
    assert {path.stem for path in SHIPPED.iterdir()} < rules.keys()
    assert not rules["old-cache"].is_shipped
    assert rules["clock-skew"].is_shipped
    assert [rule.id for rule in load_rules(tmp_path, ["mine", str(tmp_path / "mine.cypher")])] == [
        "mine",
        "mine",
    ]
    with pytest.raises(UsageError, match=r"no rule is called old-cash\. Did you mean old-cache"):
        load_rules(tmp_path, ["old-cash"])
    with pytest.raises(UsageError, match="there is no rule file"):
        load_rules(tmp_path, ["no/rule.cypher"])
    with pytest.raises(RuleError, match="a rule is named by its file"):
        read_rule(write(tmp_path, HEAD + QUERY, "My Rule"))


@pytest.mark.parametrize("path", sorted(SHIPPED.iterdir()), ids=lambda path: path.stem)
def test_the_rules_that_come_with_headwater_only_read(path: Path) -> None:
    rule = read_rule(path)
    assert rule.severity in SEVERITIES
    for dialect in ("neo4j", "local"):
        check_read_only(rule.query, dialect)


@given(st.text())
def test_whatever_is_in_a_file_ends_as_a_rule_or_an_error_of_it(text: str) -> None:
    path = Path("some.cypher")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_text", lambda *_: text)
        error = ""
        try:
            read_rule(path)
        except RuleError as caught:
            error = str(caught)
        assert not error or error.startswith("some.cypher:")


FILES = """
@task
def read(path: File) -> str:
    return path.read(){more}

@task
def shout(text: str, how: str) -> str:
    return text.upper() + how

@task
def main(folder: str) -> list[str]:
    return [shout(read(File(f"{{folder}}/{{name}}.txt")), "!") for name in ("a", "b")]
"""


def test_a_finding_is_known_again_with_other_code_and_other_data(project: Project, tmp_path: Path) -> None:
    rule = write(tmp_path, HEAD + OF_ALL)
    store = open_store(project)
    try:
        lab = Lab(project, store)

        def found(source: str, texts: tuple[str, str], folder: Path) -> set[str]:
            folder.mkdir(exist_ok=True)
            for name, text in zip("ab", texts, strict=True):
                (folder / f"{name}.txt").write_text(text)
            lab.run(source, f"main({str(folder)!r})")
            facts = AuditFacts(store, None)
            result = audit(store, [read_rule(rule)], facts, timeout=30, root=folder.parent)
            return {one.fingerprint for one in result.findings}

        plain = FILES.format(more="")
        first = found(plain, ("one", "two"), project.root)
        # of the run and of main; of the jobs, the calls and the tasks' jobs of two readings and two shouts
        assert len(first) == 1 + 3 + 4 * 3
        assert found(FILES.format(more=" + '?'"), ("one", "two"), project.root) == first
        assert found(plain, ("uno", "dos"), project.root) == first
        again = found(plain, ("one", "two"), project.root / "elsewhere")
        assert len(again) > len(first)  # of other files
    finally:
        store.close()


OTHERS = """
@task
def rows() -> list[int]:
    return {rows}

@task
def process(row: object) -> int:
    return 1

@task
def opts(of: object) -> int:
    return 1

@task
def main() -> list[int]:
    return {calls}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """What several tests run workflows in: each looks at its own jobs alone."""
    project = create_project(tmp_path_factory.mktemp("lab"))
    (project.root / "a.txt").write_text("a")
    (project.root / "b.txt").write_text("b")
    store = open_store(project)
    yield Lab(project, store)
    store.close()
    local_graph.stop(project)


@pytest.mark.parametrize(
    ("calls", "changed", "new"),
    [
        ("[process(rows()[0])]", "[process(rows()[1])]", True),
        ("map_(process, rows()[:1])", "map_(process, rows())", True),
        ("[process([rows(), 1])]", "[process([rows(), 2])]", True),
        ("[process(rows())]", "[process(rows())] + []", False),
        ("[opts({'f': File('a.txt'), 'mode': 'keep'})]", "[opts({'f': File('a.txt'), 'mode': 'no'})]", True),
        ("[opts(File('a.txt'))]", "[opts(File('b.txt'))]", True),
        ("[opts(File('a.txt'))]", "[opts([File('a.txt')])]", True),
        ("[opts(File('a.txt'))]", "[opts(IFile('a.txt'))]", True),
    ],
)
def test_something_else_is_new(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, calls: str, changed: str, new: bool
) -> None:
    monkeypatch.chdir(lab.folder)
    head = "from headwater import IFile, map_\n"

    def found(calls: str) -> set[str]:
        run = lab.run(head + OTHERS.format(calls=calls, rows="[3, 4]"), cache=False)
        nodes = [f"job:{job}" for task in ("process", "opts") for job in lab.jobs(run, task)]
        return set(fingerprints(lab.store, [("rule", "it is off", [node]) for node in nodes]))

    first = found(calls)
    assert first
    assert bool(found(changed) - first) == new


def test_a_result_is_known_by_its_call_also_where_two_versions_gave_the_same(lab: Lab) -> None:
    def found(rows: str) -> list[str]:
        [job] = lab.jobs(lab.run(OTHERS.format(calls="[process(rows())]", rows=rows)), "process")
        return fingerprints(lab.store, [("rule", "it is off", [f"job:{job}"])])

    first = found("[7, 8]")
    assert found("list((7, 8))") == first
    assert found("[9]") == first


def test_a_baseline_knows_a_run_of_uncommitted_code_by_its_commit(local_project: Project) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *who, *words], cwd=local_project.root, check=True, capture_output=True)

    rules = load_rules(local_project.root, ["uncommitted-code"])
    store = open_store(local_project)
    try:
        lab = Lab(local_project, store)

        def found() -> set[str]:
            lab.run(DOUBLES, "main(1)")
            return {
                one.fingerprint for one in audit(store, rules, AuditFacts(store, None), timeout=30).findings
            }

        (lab.folder / f"{MODULE}.py").touch()
        git("init")
        git("add", f"{MODULE}.py")
        git("commit", "-m", "first")
        first = found()
        assert len(first) == 1
        assert found() == first
        git("commit", "--allow-empty", "-m", "second")
        assert len(found() - first) == 1
    finally:
        store.close()


def test_a_finding_is_known_again_in_another_checkout(store: GraphStore) -> None:
    def fingerprint(folder: str, name: str) -> str:
        message = f"{folder}/{name} is off"
        return fingerprints(store, [("rule", message, ["file:none"])], Path(folder))[0]

    assert fingerprint("/checkouts/ann", "in.csv") == fingerprint("/builds/it", "in.csv")
    assert fingerprint("/checkouts/ann", "in.csv") != fingerprint("/builds/it", "other.csv")
