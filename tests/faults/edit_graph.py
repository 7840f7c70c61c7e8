"""Edits of the graph: of its properties, edges and nodes."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from tests.faults.edit_values import other_value
from tests.faults.world import World


def property_changed(world: World, chance: Random) -> str | None:
    id = chance.choice(world.graph.nodes())
    labels, properties = world.graph.node(id)
    name = chance.choice(sorted(properties))
    value = other_value(properties[name], chance)
    if "execution_id" in properties and name == "id":
        value = str(value) + "?"
    try:
        world.set_node(id, {**properties, name: value})
    except Exception:  # a key that another node has, a type that the index does not take
        world.undos.append(lambda: world.graph.set(id, properties))
        world.undo()
        return None
    return f"{labels[0]}.{name} from {properties[name]!r} to {value!r}"


def type_changed(world: World, chance: Random) -> str | None:
    """To a value that Python takes for the same: 1 for True, 1.0 for 1."""
    id = chance.choice(world.graph.nodes())
    labels, properties = world.graph.node(id)
    numbers = sorted(name for name, value in properties.items() if isinstance(value, int))
    if not numbers:
        return None
    name = chance.choice(numbers)
    value = properties[name]
    other = int(value) if isinstance(value, bool) else bool(value) if value in (0, 1) else float(value)
    world.set_node(id, {**properties, name: other})
    return f"{labels[0]}.{name} from {value!r} to {other!r}"


def time_put_forward(world: World, chance: Random) -> str | None:
    """Of a call or a reduction, as if a later run had made it again; and with it what such a run may change."""
    id = chance.choice([*world.graph.nodes("CallNode"), *world.graph.nodes("Evaluation")])
    labels, properties = world.graph.node(id)
    later = properties["recorded_at"].to_native() + timedelta(microseconds=chance.choice([1, 10**9]))
    changed: dict[str, Any] = {"recorded_at": later}
    what = chance.choice(["time", "more", "all"])
    if what != "time":
        changed |= (
            {"cacheable": chance.random() < 0.5} if labels == ["CallNode"] else {"directory": "/elsewhere"}
        )
    after = {**properties, **changed}
    if what == "all":
        after.pop("named", None)
    world.set_node(id, after)
    return f"{labels[0]} with {changed} ({what})"


def property_removed(world: World, chance: Random) -> str | None:
    id = chance.choice(world.graph.nodes())
    labels, properties = world.graph.node(id)
    name = chance.choice(sorted(properties))
    world.set_node(id, {key: value for key, value in properties.items() if key != name})
    return f"{labels[0]}.{name} removed"


def property_added(world: World, chance: Random) -> str | None:
    id = chance.choice(world.graph.nodes())
    labels, properties = world.graph.node(id)
    name = chance.choice(
        ["note", "reason", "error", "size", "location", "bytes", "named", "context", "attempt", "version"]
    )
    if name in properties:
        return None
    world.set_node(id, {**properties, name: chance.choice(["x", 1, True, ["x"]])})
    return f"{labels[0]}.{name} added"


def edge_removed(world: World, chance: Random) -> str | None:
    _, type, _, properties = world.take_edge(chance.choice(world.graph.edges()))
    return f"a {type} {properties} removed"


def edge_doubled(world: World, chance: Random) -> str | None:
    start, type, end, properties = world.graph.edge(chance.choice(world.graph.edges()))
    world.add_edge(start, type, end, properties)
    return f"a {type} {properties} doubled"


def edge_added(world: World, chance: Random) -> str | None:
    start, end = chance.choice(world.graph.nodes()), chance.choice(world.graph.nodes())
    types = [
        "STARTED",
        "SPAWNED",
        "MADE",
        "GIVEN",
        "OF",
        "TOOK",
        "RETURNED",
        "CALLED",
        "FED_BY",
        "REDUCED_TO",
        "REFERS_TO",
        "READS",
        "KNOWS",
    ]
    type = chance.choice(types)
    known = [row["key"] for row in world.graph.run("MATCH (c:CallNode) RETURN c.call_hash AS key")]
    properties: dict[str, Any] = {
        "TOOK": {"name": "x", "position": 0},
        "GIVEN": {"name": "x", "position": 0},
        "CALLED": {"order": chance.randrange(5)},
        "FED_BY": {"name": "x", "within": chance.choice(known)},
    }.get(type, {})
    world.add_edge(start, type, end, properties)
    return f"a {type} {properties} added from {world.graph.node(start)[0]} to {world.graph.node(end)[0]}"


def edge_bent(world: World, chance: Random) -> str | None:
    """To another node of the same label, at either end."""
    id = chance.choice(world.graph.edges())
    start, type, end, properties = world.graph.edge(id)
    at_start = chance.random() < 0.5
    old = start if at_start else end
    others = [one for one in world.graph.nodes(world.graph.node(old)[0][0]) if one != old]
    if not others:
        return None
    new = chance.choice(others)
    world.take_edge(id)
    world.add_edge(new if at_start else start, type, end if at_start else new, properties)
    return f"a {type} {properties} re-pointed"


def edge_turned(world: World, chance: Random) -> str | None:
    id = chance.choice(world.graph.edges())
    start, type, end, properties = world.graph.edge(id)
    if start == end:
        return None
    world.take_edge(id)
    world.add_edge(end, type, start, properties)
    return f"a {type} turned round"


def edge_property(world: World, chance: Random) -> str | None:
    id = chance.choice(world.graph.edges())
    start, type, end, properties = world.graph.edge(id)
    name = chance.choice([*properties, "note"])
    after = {**properties, name: other_value(properties.get(name), chance)}
    if name in properties and chance.random() < 0.3:
        del after[name]
    world.take_edge(id)
    world.add_edge(start, type, end, after)
    return f"a {type} with {after} instead of {properties}"


def node_removed(world: World, chance: Random) -> str | None:
    id = chance.choice(world.graph.nodes())
    labels, properties = world.graph.node(id)
    world.take_node(id)
    return f"{labels[0]} {next(iter(properties.values()))} deleted"


def node_added(world: World, chance: Random) -> str | None:
    key = chance.randbytes(32).hex()
    labels, properties = chance.choice([
        (["CallNode"], {"call_hash": key}),
        (["Value"], {"value_hash": key, "preview": "1"}),
        (["File"], {"file_hash": key}),
        (["Task"], {"task_hash": key, "name": "x"}),
        (["Code"], {"code_hash": key, "name": "x"}),
        (["Evaluation"], {"eval_hash": key}),
        (["Execution"], {"id": key[:32]}),
        (["Job"], {"id": key[:32], "execution_id": chance.choice(world.journals).name.removesuffix(".hwj")}),
        (["Job"], {"id": key[:32]}),
        (["Seal"], {"id": key, "number": 9}),
        (["Seal"], {"number": 9}),
        (["Value"], {}),
        (["Approval"], {"by": "me"}),
        ([], {"by": "me"}),
    ])  # fmt: skip
    world.add_node(labels, properties)
    return f"{labels} {properties} added"


def node_relabelled(world: World, chance: Random) -> str | None:
    id = chance.choice(world.graph.nodes())
    labels, properties = world.graph.node(id)
    edges = world.graph.edges_of(id)
    after = chance.choice([["Other"], [*labels, "Other"], []])
    world.take_node(id)
    new = world.add_node(after, properties)
    for start, type, end, some in edges:
        world.graph.link(new if start == id else start, type, new if end == id else end, some)
    return f"{labels} made {after}"
