"""docs/reference/graph.md says what the code writes: no more and no less."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from headwater.cypher import migrate, queries
from headwater.cypher.load_batch import execution_facts
from headwater.cypher.load_change import change_facts, dataset_facts, tag_facts
from headwater.cypher.records import ChangeMade, DatasetDeclared, ExecutionStarted, TagSet
from headwater.lineage.verify_facts import EDGES, PROPERTIES

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "graph.md").read_text(encoding="utf-8")
WRITING = [name for name in queries.names() if name.startswith(("load_", "record_"))]
DIALECTS = ("neo4j", "local")


def documented_properties() -> dict[str, list[str]]:
    """Of each label: its properties in the order of the page."""
    nodes = PAGE.split("## Nodes")[1].split("## Edges")[0]
    sections = re.split(r"^### (\w+)$", nodes, flags=re.MULTILINE)[1:]
    return {
        label: re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
        for label, text in zip(sections[::2], sections[1::2], strict=True)
    }


def documented_edges() -> dict[str, set[str]]:
    """Of each edge type: its properties."""
    rows = re.findall(r"^\| `\(\w+\)-\[:(\w+)\]->\(\w+\)` \| ([^|]*)\|", PAGE, re.MULTILINE)
    return {kind: set(re.findall(r"`(\w+)`", properties)) for kind, properties in rows}


def written() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Properties by label and by edge type, as the writing queries have them."""
    nodes: dict[str, set[str]] = defaultdict(set)
    edges: dict[str, set[str]] = defaultdict(set)
    for name in WRITING:
        for dialect in DIALECTS:
            text = queries.load(name, dialect)
            labels = dict(re.findall(r"\((\w+):(\w+)", text))
            for label, properties in re.findall(r"\(\w*:(\w+)(?: \{([^}]*)\})?", text):
                nodes[label].update(re.findall(r"(\w+):", properties))
            for assigned in re.findall(r"\bSET\b(.*?)(?=\bWITH\b|\bFOREACH\b|\bMATCH\b|\Z)", text, re.DOTALL):
                for variable, property_name in re.findall(r"\b(\w+)\.(\w+) = ", assigned):
                    nodes[labels[variable]].add(property_name)
            for kind, properties in re.findall(r"\[\w*:(\w+)(?: \{([^}]*)\})?\]", text):
                edges[kind].update(re.findall(r"(\w+):", properties))
    started = ExecutionStarted("i", 0, [], "u", "h", "p", "d", "0", "3")
    nodes["Execution"].update(execution_facts(started))
    change = ChangeMade("i", 0, "u", "h", [], "0", "p")
    nodes["Change"].update(change_facts(change), ["journal_head"])
    nodes["Tag"].update(tag_facts(TagSet(b"", "job", "j", "k", "v")))
    nodes["Dataset"].update(dataset_facts(DatasetDeclared(b"", "n", [], "", "", "", "", "", "")))
    return nodes, edges


def test_every_label_and_property_that_is_written_is_on_the_page_and_no_other() -> None:
    nodes, _ = written()
    assert {label: set(names) for label, names in documented_properties().items()} == nodes


def test_every_edge_that_is_written_is_on_the_page_and_no_other() -> None:
    _, edges = written()
    assert documented_edges() == edges


def test_the_first_property_of_each_label_is_its_unique_key() -> None:
    for dialect in DIALECTS:
        statements = [text for step in migrate.migrations(dialect) for text in step.statements]
        keys = dict(re.findall(r"FOR \(n:(\w+)\) REQUIRE n\.(\w+) IS UNIQUE", "\n".join(statements)))
        assert keys == {label: names[0] for label, names in documented_properties().items()}


def test_verify_knows_the_properties_of_the_page() -> None:
    known = {label: set(names) for label, names in PROPERTIES.items()}
    assert known == {
        label: set(names) for label, names in documented_properties().items() if label != "SchemaVersion"
    }


def test_verify_knows_the_edges_of_the_page() -> None:
    rows = re.findall(r"^\| `\((\w+)\)-\[:(\w+)\]->\((\w+)\)` \| ([^|]*)\|", PAGE, re.MULTILINE)
    page = {(start, kind, end, frozenset(re.findall(r"`(\w+)`", names))) for start, kind, end, names in rows}
    assert {(start, kind, end, frozenset(names)) for start, kind, end, names in EDGES} == page
