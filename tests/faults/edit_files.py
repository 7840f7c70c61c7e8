"""Edits of journals, of the value store and of seals."""

from __future__ import annotations

import json
import struct
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from zlib import crc32

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from headwater.cypher.journal import MAGIC, first_head, read_groups
from headwater.lineage.seals.check_proof import signed_bytes
from headwater.lineage.seals.keys import public_bytes

from tests.faults.edit_values import other_value
from tests.faults.world import World

HEADER = struct.Struct("<II32s")


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


def _damage(world: World, path: Path, chance: Random) -> str | None:
    before = path.read_bytes()
    after, what = damaged(before, chance)
    if after == before:
        return None
    world.write(path, after)
    return f"{path.name}: {what}"


def _exchange(world: World, paths: list[Path], chance: Random) -> str:
    one, other = chance.sample(paths, 2)
    first, second = one.read_bytes(), other.read_bytes()
    world.write(one, second)
    world.write(other, first)
    return f"{one.name} and {other.name} exchanged"


def journal_bytes(world: World, chance: Random) -> str | None:
    return _damage(world, chance.choice(world.journals), chance)


def value_bytes(world: World, chance: Random) -> str | None:
    return _damage(world, chance.choice(world.values), chance)


def value_gone(world: World, chance: Random) -> str | None:
    path = chance.choice(world.values)
    world.remove(path)
    return f"value {path.name} deleted"


def values_exchanged(world: World, chance: Random) -> str | None:
    return _exchange(world, world.values, chance)


def seal_bytes(world: World, chance: Random) -> str | None:
    return _damage(world, chance.choice(world.seals), chance)


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
    return _exchange(world, world.journals, chance)


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
        "OR n.file_hash IN $mine OR n.task_hash IN $mine AND n:Task OR n.code_hash IN $mine "
        "OR n.eval_hash IN $mine AND n:Evaluation "
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
    return _exchange(world, world.seals, chance)
