"""The file that outsiders check proofs with: against the vectors of RFC 8032, other implementations, and forgers."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from headwater.cypher.errors import UsageError
from headwater.cypher.project import Project, create_project
from headwater.lineage.resolve import Found
from headwater.lineage.seals import check_proof
from headwater.lineage.seals.check_proof import L, Wrong, check, is_signed, read_public_key, unpack
from headwater.lineage.seals.files import read_seals
from headwater.lineage.seals.keys import public_bytes, public_pem
from headwater.lineage.seals.make import make_seal
from headwater.lineage.seals.prove import prove, prove_growth
from headwater.lineage.verify_facts import expected
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runs import MadeUpRun

# RFC 8032, 7.1: tests 1, 2, 3 and SHA(abc)
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f059"
        "5bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4"
        "302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e971"
        "6ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d442364"
        "3ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c13"
        "8ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_signatures_of_the_standard_hold(secret: str, public: str, message: str, signature: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert public_bytes(key).hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert is_signed(bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))


def theirs(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.data())
def test_what_is_signed_and_what_is_not_is_as_another_implementation_says(
    secret: bytes, message: bytes, draw: st.DataObject
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(secret)
    public, signature = bytearray(public_bytes(key)), bytearray(key.sign(message))
    assert is_signed(bytes(public), message, bytes(signature))
    for part in (public, signature):
        part[draw.draw(st.integers(0, len(part) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
        assert is_signed(bytes(public), message, bytes(signature)) == theirs(
            bytes(public), message, bytes(signature)
        )


def test_a_signature_that_was_made_another_by_arithmetic_is_refused() -> None:
    _, public, message, signature = (bytes.fromhex(part) for part in VECTORS[1])
    number = int.from_bytes(signature[32:], "little") + L
    assert not is_signed(public, message, signature[:32] + number.to_bytes(32, "little"))
    for wrong in (b"", signature[:-1], signature + b"\0"):
        assert not is_signed(public, message, wrong)


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=3), inner, max_size=20),
    max_leaves=30,
)


def as_shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [as_shown(part) for part in value]
    return {key: as_shown(part) for key, part in value.items()} if isinstance(value, dict) else value


@settings(deadline=None)
@given(json_like)
def test_records_are_read_as_another_implementation_writes_them(value: Any) -> None:
    data = msgspec.msgpack.encode(value)
    assert unpack(data) == (as_shown(value), len(data))


@pytest.mark.parametrize("size", [15, 16, 31, 32, 255, 256, 65535, 65536])
def test_lengths_at_their_limits_are_read(size: int) -> None:
    for value in ("x" * size, b"x" * size, [1] * size, {str(i): i for i in range(size)}):
        data = msgspec.msgpack.encode(value)
        assert unpack(data) == (as_shown(value), len(data))


def test_a_public_key_is_read_in_pem_and_in_digits() -> None:
    key = Ed25519PrivateKey.generate()
    assert read_public_key(public_pem(key)) == public_bytes(key)
    assert read_public_key(f" {public_bytes(key).hex().upper()}\n") == public_bytes(key)
    for wrong in (
        "",
        "ab",
        "no key",
        public_pem(key).replace("MC", "MB"),
        "-----BEGIN PUBLIC KEY-----\n!!\n",
    ):
        with pytest.raises(Wrong, match="not an Ed25519 key"):
            read_public_key(wrong)


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, key: Ed25519PrivateKey) -> Project:
    project = create_project(tmp_path_factory.mktemp("sealed"))
    MadeUpRun(1, calls=20).write(project)
    make_seal(project, key)
    MadeUpRun(2, calls=20).write(project)
    make_seal(project, key)
    return project


@pytest.fixture(scope="module")
def proof(project: Project) -> dict[str, Any]:
    """Of the second run."""
    return prove(project, Found("execution", MadeUpRun(2, calls=20).id, "a run"))


def test_a_proof_says_of_which_record_it_is(project: Project, key: Ed25519PrivateKey) -> None:
    run = MadeUpRun(1, calls=20)
    for record in run.records:
        asked = {1: "execution", 3: "task", 4: "file", 5: "value", 7: "call", 9: "job"}
        name = asked.get(record.__struct_config__.tag)
        if name is None:  # nobody asks for a record of this kind by itself
            continue
        told = expected(run.id, record, {})
        id = run.id if told is None else told[1]
        found = check(prove(project, Found(name, id, "")), public_bytes(key))
        assert (found["kind"], found["id"], found["run"]) == (name, id, run.id)


def test_any_part_of_a_proof_that_is_changed_breaks_it(proof: dict[str, Any], key: Ed25519PrivateKey) -> None:
    public = public_bytes(key)
    check(proof, public)
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda p: p.update(proof="another"),
        lambda p: p.update(run=MadeUpRun(1).id),
        lambda p: p.update(group=p["group"] + 1),
        lambda p: p.update(record=p["record"] + 1),
        lambda p: p.update(leaf=p["leaf"] + 1),
        lambda p: p.update(leaf=10**9),
        lambda p: p["path"].pop(),
        lambda p: p["path"].append("00" * 32),
        lambda p: p["path"].reverse(),
        lambda p: p.update(bytes=p["bytes"][:-2] + "00"),
        lambda p: p.update(signature="00" * 64),
        *(
            (lambda p, name=name: p["seal"].update({name: "00" * 32 if name in ("root", "key") else 1}))
            for name in proof["seal"]
        ),
    ]
    for number, change in enumerate(changes):
        forged = copy.deepcopy(proof)
        change(forged)
        if forged == proof:
            continue
        with pytest.raises((Wrong, *check_proof.BROKEN)):
            pytest.fail(f"{number}: {check(forged, public)}")


def test_a_record_cannot_be_taken_for_the_beginning_of_another(
    proof: dict[str, Any], key: Ed25519PrivateKey
) -> None:
    """What is hashed of a leaf is text and then bytes: where one ends and the other begins must be sure."""
    content = bytes.fromhex(proof["bytes"])
    forged = {
        **proof,
        "run": f"{proof['run']} {proof['group']} {proof['record']}\n{content[:3].decode('latin-1')}",
    }
    with pytest.raises(Wrong, match="place"):
        check(forged, public_bytes(key))


def run_checker(tmp_path: Path, text: str, public: str, *words: str) -> subprocess.CompletedProcess[str]:
    """As somebody runs it who has the file and Python, and nothing else."""
    alone = tmp_path / "check_proof.py"
    alone.write_text(Path(check_proof.__file__).read_text("utf-8"), "utf-8")
    (tmp_path / "proof.json").write_text(text, "utf-8")
    (tmp_path / "key.pub").write_text(public, "utf-8")
    return subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-W",
            "error",
            str(alone),
            "proof.json",
            "--public-key",
            "key.pub",
            *words,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_file_alone_checks_a_proof(tmp_path: Path, proof: dict[str, Any], key: Ed25519PrivateKey) -> None:
    done = run_checker(tmp_path, json.dumps(proof), public_pem(key))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["id"] == MadeUpRun(2).id


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "[" * 100_000, '{"proof": "headwater inclusion proof 1"}']
)
def test_what_is_no_proof_is_told_in_one_line(tmp_path: Path, key: Ed25519PrivateKey, text: str) -> None:
    done = run_checker(tmp_path, text, public_pem(key))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("NOT PROVED: ")
    assert len(done.stderr.splitlines()) == 1


def test_another_key_proves_nothing(tmp_path: Path, proof: dict[str, Any]) -> None:
    done = run_checker(tmp_path, json.dumps(proof), public_pem(Ed25519PrivateKey.generate()))
    assert done.returncode == 1
    assert "another key" in done.stderr


def test_it_is_short_enough_to_be_read_before_it_is_trusted() -> None:
    text = Path(check_proof.__file__).read_text("utf-8")
    assert len(text.splitlines()) < 200
    assert "headwater." not in "".join(line for line in text.splitlines() if "import" in line)


@pytest.fixture(scope="module")
def growth(project: Project) -> dict[str, Any]:
    """Between the two seals."""
    first, second = read_seals(project)
    assert prove_growth(project, second, first) == prove_growth(project, first, second)
    return prove_growth(project, first, second)


def test_a_proof_between_seals_says_which(
    tmp_path: Path, project: Project, growth: dict[str, Any], key: Ed25519PrivateKey
) -> None:
    first, second = (seal.statement.content for seal in read_seals(project))
    done = run_checker(tmp_path, json.dumps(growth), public_pem(key))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"kind": "growth", "older": first, "newer": second}
    with pytest.raises(Wrong, match="another key"):
        check(growth, public_bytes(Ed25519PrivateKey.generate()))


def test_any_part_of_a_proof_between_seals_that_is_changed_breaks_it(
    growth: dict[str, Any], proof: dict[str, Any], key: Ed25519PrivateKey
) -> None:
    public = public_bytes(key)
    check(growth, public)
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda p: p.update(proof=proof["proof"]),
        lambda p: p.update(older=p["newer"], newer=p["older"]),
        lambda p: p.update(older=p["newer"]),
        lambda p: p["path"].pop(),
        lambda p: p["path"].append("00" * 32),
        lambda p: p["path"].reverse(),
        lambda p: p["older"].update(signature=p["newer"]["signature"]),
        *(
            (
                lambda p, side=side, name=name: p[side]["seal"].update(
                    {name: 1 if name != "root" else "00" * 32}
                )
            )
            for side in ("older", "newer")
            for name in growth["older"]["seal"]
            if name != "key"
        ),
    ]
    for number, change in enumerate(changes):
        forged = copy.deepcopy(growth)
        change(forged)
        if forged == growth:
            continue
        with pytest.raises((Wrong, *check_proof.BROKEN)):
            pytest.fail(f"{number}: {check(forged, public)}")


def test_a_seal_does_not_go_on_from_itself(project: Project) -> None:
    first, _ = read_seals(project)
    with pytest.raises(UsageError, match="compared with itself"):
        prove_growth(project, first, first)


def test_a_seal_of_a_rewritten_history_is_not_shown_to_go_on(key: Ed25519PrivateKey, tmp_path: Path) -> None:
    """What a writer would do who signs anew: no path leads from the seal that was kept to the new one."""
    sides = []
    for name, seed in (("kept", 1), ("rewritten", 3)):
        project = create_project(tmp_path / name)
        MadeUpRun(seed, calls=20).write(project)
        make_seal(project, key)
        MadeUpRun(2, calls=20).write(project)
        make_seal(project, key)
        sides.append(prove_growth(project, *read_seals(project)))
    kept, rewritten = sides
    with pytest.raises(check_proof.BROKEN):
        pytest.fail(str(check({**rewritten, "older": kept["older"]}, public_bytes(key))))
