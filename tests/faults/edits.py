"""Edits of what was recorded, of every kind, behind headwater's back: each can be undone.

An edit is a function of a `World` and a `random.Random` that changes something and returns a line that says what, or
None where there was nothing of that kind to change. `World.undo` takes everything back.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from headwater.cypher.driver import load_driver
from headwater.cypher.journal import MAGIC, first_head, read_groups
from headwater.cypher.project import Project
from headwater.cypher.records import ValueSeen
from headwater.lineage.seals.check_proof import signed_bytes
from headwater.lineage.seals.keys import public_bytes

from tests.conftest import Server

HEADER = struct.Struct("<II32s")
Undo = Callable[[], None]


class Graph:
    """Any Cypher on one connection, and nodes and edges that can be taken away and put back."""

    def __init__(self, server: Server) -> None:
        self._driver = load_driver().GraphDatabase.driver(server.uri, auth=(server.user, server.password))
        self._session = self._driver.session(database=server.database)

    def close(self) -> None:
        self._session.close()
        self._driver.close()

    def run(self, text: str, **params: Any) -> list[dict[str, Any]]:
        return [dict(record) for record in self._session.run(text, params)]

    def nodes(self, label: str | None = None) -> list[str]:
        pattern = "(n)" if label is None else f"(n:{label})"
        rows = self.run(
            f"MATCH {pattern} WHERE NOT n:SchemaVersion RETURN elementId(n) AS id ORDER BY toString(id)"
        )
        return [row["id"] for row in rows]

    def edges(self) -> list[str]:
        return [
            row["id"] for row in self.run("MATCH ()-[r]->() RETURN elementId(r) AS id ORDER BY toString(id)")
        ]

    def node(self, id: str) -> tuple[list[str], dict[str, Any]]:
        [row] = self.run(
            "MATCH (n) WHERE elementId(n) = $id RETURN labels(n) AS labels, properties(n) AS p", id=id
        )
        return list(row["labels"]), dict(row["p"])

    def edge(self, id: str) -> tuple[str, str, str, dict[str, Any]]:
        [row] = self.run(
            "MATCH (a)-[r]->(b) WHERE elementId(r) = $id "
            "RETURN elementId(a) AS start, type(r) AS type, elementId(b) AS end, properties(r) AS p",
            id=id,
        )
        return row["start"], row["type"], row["end"], dict(row["p"])

    def edges_of(self, id: str) -> list[tuple[str, str, str, dict[str, Any]]]:
        rows = self.run("MATCH (n)-[r]-() WHERE elementId(n) = $id RETURN DISTINCT elementId(r) AS id", id=id)
        return [self.edge(row["id"]) for row in rows]

    def set(self, id: str, properties: dict[str, Any]) -> None:
        self.run("MATCH (n) WHERE elementId(n) = $id SET n = $p", id=id, p=properties)

    def delete(self, id: str) -> None:
        self.run("MATCH (n) WHERE elementId(n) = $id DETACH DELETE n", id=id)

    def create(self, labels: list[str], properties: dict[str, Any]) -> str:
        text = "".join(f":{label}" for label in labels)
        return str(self.run(f"CREATE (n{text}) SET n = $p RETURN elementId(n) AS id", p=properties)[0]["id"])

    def unlink(self, id: str) -> None:
        self.run("MATCH ()-[r]->() WHERE elementId(r) = $id DELETE r", id=id)

    def link(self, start: str, type: str, end: str, properties: dict[str, Any]) -> str:
        rows = self.run(
            "MATCH (a) WHERE elementId(a) = $start MATCH (b) WHERE elementId(b) = $end "
            f"CREATE (a)-[r:{type}]->(b) SET r = $p RETURN elementId(r) AS id",
            start=start,
            end=end,
            p=properties,
        )
        return str(rows[0]["id"])


@dataclass
class World:
    """A recorded and sealed project, and how it was before it was touched."""

    project: Project
    graph: Graph
    kept: Path
    """a copy of the files"""
    undos: list[Undo] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)

    @property
    def journals(self) -> list[Path]:
        return sorted(self.project.loaded_journals.glob("*.hwj"))

    @property
    def seals(self) -> list[Path]:
        return sorted(self.project.loaded_journals.glob("*.seal"))

    @property
    def values(self) -> list[Path]:
        """Files of the value store that a record names."""
        return [self.project.values / location for location in self.locations]

    def keep(self) -> None:
        """Remember the files as they are."""
        records = [
            record for path in self.journals for group in read_groups(path) for record in group.records
        ]
        self.locations = sorted(
            {one.location for one in records if isinstance(one, ValueSeen) and one.location}
        )
        for name in ("journals", "values"):
            shutil.copytree(self.project.folder / name, self.kept / name)

    def restore_files(self) -> None:
        for name in ("journals", "values"):
            shutil.rmtree(self.project.folder / name)
            shutil.copytree(self.kept / name, self.project.folder / name)

    def undo(self) -> None:
        while self.undos:
            self.undos.pop()()

    def write(self, path: Path, content: bytes) -> None:
        """Give a file another content."""
        if self.restore_files not in self.undos:
            self.undos.append(self.restore_files)
        path.write_bytes(content)

    def remove(self, path: Path) -> None:
        if self.restore_files not in self.undos:
            self.undos.append(self.restore_files)
        path.unlink()

    def set_node(self, id: str, properties: dict[str, Any]) -> None:
        _, before = self.graph.node(id)
        self.graph.set(id, properties)
        self.undos.append(lambda: self.graph.set(id, before))

    def take_node(self, id: str) -> Undo:
        """Delete a node; what is returned puts it back with its edges, and is part of `undo`, too."""
        labels, properties = self.graph.node(id)
        edges = self.graph.edges_of(id)
        self.graph.delete(id)

        def back() -> None:
            new = self.graph.create(labels, properties)
            for start, type, end, some in edges:
                self.graph.link(new if start == id else start, type, new if end == id else end, some)

        self.undos.append(back)
        return back

    def take_edge(self, id: str) -> tuple[str, str, str, dict[str, Any]]:
        edge = self.graph.edge(id)
        self.graph.unlink(id)
        self.undos.append(lambda: self.graph.link(*edge) and None)
        return edge

    def add_edge(self, start: str, type: str, end: str, properties: dict[str, Any]) -> None:
        id = self.graph.link(start, type, end, properties)
        self.undos.append(lambda: self.graph.unlink(id))

    def add_node(self, labels: list[str], properties: dict[str, Any]) -> str:
        id = self.graph.create(labels, properties)
        self.undos.append(lambda: self.graph.delete(id))
        return id


Edit = Callable[[World, Random], str | None]


# -- bytes of files ----------------------------------------------------------------------------------------------------


def damaged(content: bytes, chance: Random) -> tuple[bytes, str]:
    """Bytes that differ: some flipped, written over, left out, put in, or cut off."""
    at = chance.randrange(len(content))
    size = min(chance.choice([1, 1, 1, 4, 40]), len(content) - at)
    way = chance.choice(["flipped", "written over", "left out", "put in", "cut off"])
    if way == "flipped":
        return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[
            at + 1 :
        ], f"{way} at {at}"
    if way == "written over":
        other = bytes((byte + chance.randrange(1, 256)) % 256 for byte in content[at : at + size])
        return content[:at] + other + content[at + size :], f"{size} bytes {way} at {at}"
    if way == "left out":
        return content[:at] + content[at + size :], f"{size} bytes {way} at {at}"
    if way == "put in":
        return content[:at] + chance.randbytes(size) + content[at:], f"{size} bytes {way} at {at}"
    return content[:at], f"{way} at {at}"


def journal_bytes(world: World, chance: Random) -> str | None:
    path = chance.choice(world.journals)
    before = path.read_bytes()
    after, what = damaged(before, chance)
    if after == before:
        return None
    world.write(path, after)
    return f"{path.name}: {what}"


def value_bytes(world: World, chance: Random) -> str | None:
    path = chance.choice(world.values)
    before = path.read_bytes()
    after, what = damaged(before, chance)
    if after == before:
        return None
    world.write(path, after)
    return f"value {path.name}: {what}"


def value_gone(world: World, chance: Random) -> str | None:
    path = chance.choice(world.values)
    world.remove(path)
    return f"value {path.name} deleted"


def values_exchanged(world: World, chance: Random) -> str | None:
    one, other = chance.sample(world.values, 2)
    first, second = one.read_bytes(), other.read_bytes()
    world.write(one, second)
    world.write(other, first)
    return f"values {one.name} and {other.name} exchanged"


def seal_bytes(world: World, chance: Random) -> str | None:
    path = chance.choice(world.seals)
    before = path.read_bytes()
    after, what = damaged(before, chance)
    if after == before:
        return None
    world.write(path, after)
    return f"{path.name}: {what}"


# -- journals that their writer could have written ---------------------------------------------------------------------


def payloads(path: Path) -> list[bytes]:
    return [group.payload for group in read_groups(path)]


def forged(path: Path, some: list[bytes]) -> bytes:
    """A journal of this name with these groups, its chain whole."""
    content, head = MAGIC, first_head(path.name.removesuffix(".hwj"))
    for payload in some:
        content += HEADER.pack(len(payload), crc32(payload), head) + payload
        head = sha256(head + payload).digest()
    return content


def journal_forged(world: World, chance: Random) -> str | None:
    """Groups in another order, left out, doubled, cut off, put behind; records altered: in a chain that is whole."""
    path = chance.choice(world.journals)
    some = payloads(path)
    way = chance.choice(
        ["reordered", "left out", "doubled", "cut off", "put behind", "altered", "record left out"]
    )
    at = chance.randrange(len(some))
    after = list(some)
    if way == "reordered":
        other = chance.randrange(len(some))
        after[at], after[other] = after[other], after[at]
    elif way == "left out":
        del after[at]
    elif way == "doubled":
        after.insert(at, some[at])
    elif way == "cut off":
        after = after[:at]
    elif way == "put behind":
        after.append(some[at])
    else:
        pieces = [
            msgspec.msgpack.decode(piece)
            for piece in msgspec.msgpack.decode(some[at], type=list[msgspec.Raw])
        ]
        record = chance.randrange(len(pieces))
        if way == "record left out":
            del pieces[record]
        else:
            number = chance.randrange(1, len(pieces[record]))
            pieces[record][number] = other_value(pieces[record][number], chance)
        after[at] = msgspec.msgpack.encode(pieces)
    if after == some:
        return None
    world.write(path, forged(path, after))
    return f"{path.name}: group {at} {way}, the chain made anew"


def groups_exchanged(world: World, chance: Random) -> str | None:
    path = chance.choice(world.journals)
    groups = list(read_groups(path))
    if len(groups) < 2:
        return None
    at = chance.randrange(len(groups) - 1)
    content = path.read_bytes()
    first, second = (content[group.offset : group.end] for group in groups[at : at + 2])
    world.write(path, content[: groups[at].offset] + second + first + content[groups[at + 1].end :])
    return f"{path.name}: groups {at} and {at + 1} exchanged"


def tail_cut(world: World, chance: Random) -> str | None:
    path = chance.choice(world.journals)
    group = chance.choice(list(read_groups(path)))
    world.write(path, path.read_bytes()[: group.offset])
    return f"{path.name}: cut before group {group.index}"


def journal_gone(world: World, chance: Random) -> str | None:
    path = chance.choice(world.journals)
    world.remove(path)
    return f"{path.name} deleted"


def journals_exchanged(world: World, chance: Random) -> str | None:
    one, other = chance.sample(world.journals, 2)
    first, second = one.read_bytes(), other.read_bytes()
    world.write(one, second)
    world.write(other, first)
    return f"{one.name} and {other.name} exchanged"


def run_gone(world: World, chance: Random) -> str | None:
    """A whole execution: its journal, its node, its jobs, and every node that no other run has."""
    path = chance.choice(world.journals)
    run = path.name.removesuffix(".hwj")
    others = {
        digest
        for other in world.journals
        if other != path
        for payload in payloads(other)
        for piece in msgspec.msgpack.decode(payload)
        for digest in (piece[1],)
        if isinstance(digest, bytes)
    }
    mine = {
        piece[1].hex()
        for payload in payloads(path)
        for piece in msgspec.msgpack.decode(payload)
        if isinstance(piece[1], bytes) and piece[1] not in others
    }
    ids = [row["id"] for row in world.graph.run(
        "MATCH (n) WHERE n.id = $run OR n.execution_id = $run OR n.call_hash IN $mine OR n.value_hash IN $mine "
        "OR n.file_hash IN $mine OR n.task_hash IN $mine AND n:Task OR n.eval_hash IN $mine AND n:Evaluation "
        "RETURN elementId(n) AS id", run=run, mine=sorted(mine))]  # fmt: skip
    take_nodes(world, ids)
    world.remove(path)
    return f"run {run} removed with its {len(ids)} nodes"


def take_nodes(world: World, ids: list[str]) -> None:
    nodes = {id: world.graph.node(id) for id in ids}
    edges = {}
    for id in ids:
        for row in world.graph.run(
            "MATCH (n)-[r]-() WHERE elementId(n) = $id RETURN elementId(r) AS r", id=id
        ):
            edges[row["r"]] = world.graph.edge(row["r"])
    for id in ids:
        world.graph.delete(id)

    def back() -> None:
        new = {id: world.graph.create(*node) for id, node in nodes.items()}
        for start, type, end, some in edges.values():
            world.graph.link(new.get(start, start), type, new.get(end, end), some)

    world.undos.append(back)


def forged_everywhere(world: World, chance: Random) -> str | None:
    """A preview in the journal and in the graph, and the heads in both: nothing but a seal can tell."""
    path = chance.choice(world.journals)
    run, some = path.name.removesuffix(".hwj"), payloads(path)
    for at in chance.sample(range(len(some)), len(some)):
        pieces = msgspec.msgpack.decode(some[at])
        for piece in pieces:
            if piece[0] != 5 or not piece[5]:
                continue
            nodes = world.graph.run(
                "MATCH (v:Value {value_hash: $key}) RETURN elementId(v) AS id", key=piece[1].hex()
            )
            preview = "".join(reversed(piece[5]))
            if preview == piece[5] or len(nodes) != 1 or shared(world, path, piece[1]):
                continue
            piece[5] = preview
            some[at] = msgspec.msgpack.encode(pieces)
            content = forged(path, some)
            world.write(path, content)
            world.set_node(nodes[0]["id"], {**world.graph.node(nodes[0]["id"])[1], "preview": preview})
            [execution] = world.graph.run("MATCH (e:Execution {id: $run}) RETURN elementId(e) AS id", run=run)
            head = list(read_groups(path))[-1].head.hex()
            properties = {
                **world.graph.node(execution["id"])[1],
                "journal_head": head,
                "loaded_offset": len(content),
            }
            world.set_node(execution["id"], properties)
            return f"{path.name}: preview of {piece[1].hex()[:8]} forged in journal and graph"
    return None


def shared(world: World, path: Path, digest: bytes) -> bool:
    return any(digest in other.read_bytes() for other in world.journals if other != path)


# -- the graph ---------------------------------------------------------------------------------------------------------


def other_value(value: Any, chance: Random) -> Any:
    """Something else, mostly of the same type."""
    choices: list[Any]
    if isinstance(value, bool):
        choices = [not value, int(value), str(value)]
    elif isinstance(value, int):
        choices = [value + chance.choice([1, -1, 1000]), float(value), str(value), 0]
    elif isinstance(value, float):
        choices = [value + 1, int(value)]
    elif isinstance(value, str):
        choices = [value + "x", value[:-1], value.swapcase(), "", value[::-1], 7]
    elif isinstance(value, bytes):
        choices = [value + b"x", value[:-1], bytes([value[0] ^ 1]) + value[1:] if value else b"y", "text"]
    elif isinstance(value, list):
        choices = [[*value, "x"], value[:-1], value[::-1], []]
    elif hasattr(value, "iso_format"):
        native = value.to_native()
        choices = [native + timedelta(microseconds=chance.choice([1, -1, 10**12, -(10**12)])), str(value)]
    else:
        choices = ["x", 1]
    found = chance.choice(choices)
    return found if type(found) is not type(value) or found != value else "something else"


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
        "OF",
        "TOOK",
        "RETURNED",
        "CALLED",
        "FED_BY",
        "REDUCED_TO",
        "REFERS_TO",
        "KNOWS",
    ]
    type = chance.choice(types)
    known = [row["key"] for row in world.graph.run("MATCH (c:CallNode) RETURN c.call_hash AS key")]
    properties: dict[str, Any] = {
        "TOOK": {"name": "x", "position": 0},
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


# -- seals -------------------------------------------------------------------------------------------------------------


def seal_gone(world: World, chance: Random) -> str | None:
    path = chance.choice(world.seals)
    world.remove(path)
    if chance.random() < 0.5:
        return f"{path.name} deleted"
    id = json.loads((world.kept / "journals" / "loaded" / path.name).read_text())
    key = sha256(signed_bytes(id["seal"])).hexdigest()
    [node] = world.graph.run("MATCH (s:Seal {id: $key}) RETURN elementId(s) AS id", key=key)
    world.take_node(node["id"])
    return f"{path.name} deleted with its node"


def seal_signed_anew(world: World, chance: Random) -> str | None:
    """By another key, or with another statement; in the graph, too, or not."""
    path = chance.choice(world.seals)
    told = json.loads(path.read_text())
    key = Ed25519PrivateKey.generate()
    old = sha256(signed_bytes(told["seal"])).hexdigest()
    told["seal"]["key"] = public_bytes(key).hex()
    what = chance.choice(["key", "at", "root", "previous"])
    if what == "at":
        told["seal"]["at"] += 1
    elif what in ("root", "previous") and told["seal"][what]:
        told["seal"][what] = chance.randbytes(32).hex()
    told["signature"] = key.sign(signed_bytes(told["seal"])).hex()
    world.write(path, (json.dumps(told, sort_keys=True) + "\n").encode())
    if chance.random() < 0.5:
        return f"{path.name} signed anew ({what})"
    [node] = world.graph.run("MATCH (s:Seal {id: $old}) RETURN elementId(s) AS id", old=old)
    _, properties = world.graph.node(node["id"])
    new = {name: told["seal"][name] for name in ("key", "root")}
    if told["seal"]["previous"] is not None:
        new["previous"] = told["seal"]["previous"]
    if what == "at":
        new["at"] = properties["at"].to_native() + timedelta(microseconds=1)
    new |= {"id": sha256(signed_bytes(told["seal"])).hexdigest(), "signature": told["signature"]}
    world.set_node(node["id"], {**properties, **new})
    return f"{path.name} and its node signed anew ({what})"


def seals_exchanged(world: World, chance: Random) -> str | None:
    one, other = chance.sample(world.seals, 2)
    first, second = one.read_bytes(), other.read_bytes()
    world.write(one, second)
    world.write(other, first)
    return f"{one.name} and {other.name} exchanged"


EDITS: tuple[Edit, ...] = (
    journal_bytes,
    journal_bytes,
    journal_forged,
    journal_forged,
    groups_exchanged,
    tail_cut,
    journal_gone,
    journals_exchanged,
    run_gone,
    forged_everywhere,
    value_bytes,
    value_gone,
    values_exchanged,
    property_changed,
    property_changed,
    property_changed,
    property_removed,
    property_added,
    edge_removed,
    edge_doubled,
    edge_added,
    edge_bent,
    edge_turned,
    edge_property,
    node_removed,
    node_added,
    node_relabelled,
    seal_bytes,
    seal_gone,
    seal_signed_anew,
    seals_exchanged,
)


def edits_wanted(default: int) -> int:
    """How many edits a run of the suite makes."""
    return int(os.environ.get("HEADWATER_EDITS", default))
