"""Checks a proof that `hw prove` wrote: offline, with this one file and Python 3.10 or newer, and nothing else.

    python check_proof.py PROOF.json --public-key KEY

KEY is a file with an Ed25519 public key, in PEM or as 64 hexadecimal digits, that you have from whoever answers for the
records: not from the proof. The exit code is 0 where the proof holds, else 1. What holds: the record that is printed is
one of those over which KEY's owner signed a seal; or, of two seals, the older's records are the first of the newer's. A
leaf of the tree is what RFC 9162 (2.1.1) makes of `RUN GROUP RECORD`, a newline and the record's bytes. What is signed
(RFC 8032, Ed25519) is `headwater seal 1`, a newline and the seal as JSON with sorted keys and no spaces.
"""

from __future__ import annotations

import argparse
import base64
import json
import struct
import sys
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any


class Wrong(Exception):
    """The proof does not hold; the text says where."""


PROOF, GROWTH = "headwater inclusion proof 1", "headwater consistency proof 1"
PEM = bytes.fromhex("302a300506032b6570032100")  # before the 32 bytes of an Ed25519 key (RFC 8410)
WIDTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}
KINDS = {1: "execution", 3: "task", 4: "file", 5: "value", 6: "evaluation", 7: "call", 9: "job", 10: "code"}
BROKEN = (Wrong, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, struct.error)
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def leaf_hash(run: str, group: int, record: int, content: bytes) -> bytes:
    """The leaf of a record: group is its group's index in the run's journal, record its index in the group."""
    if not run.isprintable() or " " in run or type(group) is not int or type(record) is not int:
        raise Wrong("the record's place is none")
    return sha256(b"\0" + f"{run} {group} {record}\n".encode() + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node above two others."""
    return sha256(b"\1" + left + right).digest()


def roots_of(node: bytes, index: int, last: int, path: list[bytes]) -> tuple[bytes, bytes]:
    """The roots of the tree that ends with a node, and of the whole one, whose last node has the index `last`, by the
    nodes beside the way up (2.1.3.2 and 2.1.4.2)."""
    old, new, fits = node, node, 0 <= index <= last
    for other in path:
        fits = fits and last > 0
        if index & 1 or index == last:
            old, new = node_hash(other, old), node_hash(other, new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, other)
        index, last = index >> 1, last >> 1
    if last or not fits:
        raise Wrong("the path does not lead from there to the root of such a tree")
    return old, new


def check_growth(older: dict[str, Any], newer: dict[str, Any], path: list[bytes]) -> None:
    """Raise Wrong where the tree of one seal is not the beginning of another's, by a consistency path (2.1.4.2)."""
    size, last = older["size"], newer["size"] - 1
    whole = (size & -size).bit_length() - 1  # levels of the older's last subtree that has no gap
    first, *rest = path if size & (size - 1) else [bytes.fromhex(older["root"]), *path]
    roots = roots_of(first, (size - 1) >> whole, last >> whole, rest)
    if not 0 < size <= last or [root.hex() for root in roots] != [older["root"], newer["root"]]:
        raise Wrong("the newer seal does not go on from the older")


def _add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    one, two = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    three, four = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: tuple[int, ...]) -> tuple[int, ...]:
    half = _times(number >> 1, _add(point, point)) if number else (0, 1, 1, 0)
    return _add(half, point) if number & 1 else half


def _point(data: bytes) -> tuple[int, ...] | None:
    sign, y = divmod(int.from_bytes(data, "little"), 1 << 255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x * pow(2, (P - 1) // 4, P) % P if (x * x - square) % P else x
    wrong = y >= P or (x * x - square) % P or (x == 0 and sign)
    x = P - x if x & 1 != sign else x
    return None if wrong else (x, y, 1, x * y % P)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature of a message is the key's."""
    key, point, base = map(_point, (public, signature[:32], bytes.fromhex("58" + "66" * 31)))
    number = int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or number >= L or not (key and point and base):
        return False
    challenge = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % L
    a, b = _times(number, base), _add(point, _times(challenge, key))
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def signed_bytes(seal: dict[str, Any]) -> bytes:
    """What is signed of a seal. Its SHA-256 is the seal's id."""
    return b"headwater seal 1\n" + json.dumps(seal, sort_keys=True, separators=(",", ":")).encode()


def read_public_key(text: str) -> bytes:
    """The 32 bytes of a public key in PEM, or in hexadecimal digits."""
    _, is_pem, body = text.partition("-----BEGIN PUBLIC KEY-----")
    try:
        key = base64.b64decode(body.partition("-----")[0]) if is_pem else PEM + bytes.fromhex(text)
    except ValueError:
        key = b""
    if key.startswith(PEM) and len(key) == len(PEM) + 32:
        return key.removeprefix(PEM)
    raise Wrong("the public key is not an Ed25519 key in PEM, nor 64 hexadecimal digits")


def unpack(data: bytes, at: int = 0) -> tuple[Any, int]:
    """The value that begins at a place, and the place after it. Bytes become hexadecimal digits."""
    tag, at = data[at], at + 1
    if tag < 0x80 or tag >= 0xE0:
        return tag - 256 * (tag >= 0xE0), at
    if tag in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[tag], at
    if tag == 0xCB:
        return struct.unpack_from(">d", data, at)[0], at + 8
    if 0xCC <= tag <= 0xD3:
        return int.from_bytes(data[at : (at := at + (1 << (tag & 3)))], "big", signed=tag >= 0xD0), at
    size = tag & (0x1F if 0xA0 <= tag < 0xC0 else 0x0F)
    if tag >= 0xC0:
        size, at = int.from_bytes(data[at : at + WIDTHS[tag]], "big"), at + WIDTHS[tag]
    if 0xA0 <= tag < 0xDC:
        piece = data[at : at + size]
        return piece.hex() if 0xC4 <= tag <= 0xC6 else piece.decode(), at + size
    parts, is_map = [], tag < 0x90 or tag >= 0xDE
    for _ in range(2 * size if is_map else size):
        part, at = unpack(data, at)
        parts.append(part)
    return dict(zip(parts[::2], parts[1::2], strict=True)) if is_map else parts, at


def seal_of(told: dict[str, Any], public: bytes) -> dict[str, Any]:
    """The seal in a proof, which the key has signed."""
    seal: dict[str, Any] = told["seal"]
    if bytes.fromhex(seal["key"]) != public:
        raise Wrong(f"the seal names another key, {seal['key']}")
    if not is_signed(public, signed_bytes(seal), bytes.fromhex(told["signature"])):
        raise Wrong("the signature is not the key's")
    return seal


def check(proof: dict[str, Any], public: bytes) -> dict[str, Any]:
    """What a proof proves. Raises Wrong where it does not hold, and other errors where it is no proof at all."""
    path = [bytes.fromhex(node) for node in proof["path"]]
    if proof["proof"] == GROWTH:
        older, newer = seal_of(proof["older"], public), seal_of(proof["newer"], public)
        check_growth(older, newer, path)
        return {"kind": "growth", "older": older, "newer": newer}
    if proof["proof"] != PROOF:
        raise Wrong(f"it is no {PROOF}")
    seal, content = seal_of(proof, public), bytes.fromhex(proof["bytes"])
    leaf = leaf_hash(proof["run"], proof["group"], proof["record"], content)
    if roots_of(leaf, proof["leaf"], seal["size"] - 1, path)[1].hex() != seal["root"]:
        raise Wrong("the record is none of those that were sealed")
    fields, _ = unpack(content)
    found = {"kind": KINDS.get(fields[0], f"record of kind {fields[0]}"), "id": str(fields[1])}
    if fields[0] in (8, 9):  # a job: its id is made of the run's and of its number
        base = int(proof["run"].replace("-", ""), 16) * 0xD1B54A32D192ED03AEF17502B6B4CBF7
        found["id"] = f"{(base + fields[1] * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128):032x}"
    return {**found, "run": proof["run"], "seal": sha256(signed_bytes(seal)).hexdigest(), "record": fields}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check, offline, a proof that hw prove wrote.")
    parser.add_argument("proof", type=Path, help="the file that hw prove wrote")
    parser.add_argument("--public-key", dest="key", type=Path, required=True, help="the signer's public key")
    given = parser.parse_args(arguments)
    try:
        key = read_public_key(given.key.read_text("utf-8"))
        told = check(json.loads(given.proof.read_text("utf-8")), key)
    except BROKEN as error:
        print("NOT PROVED:", error if isinstance(error, Wrong | OSError) else repr(error), file=sys.stderr)
        return 1
    print(json.dumps(told, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
