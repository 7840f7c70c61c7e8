"""Seals: what they cover, how they go on from each other, the keys that sign them, and the places that keep them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from headwater.cypher.errors import StoreError, UsageError
from headwater.cypher.journal import JournalWriter, first_head, read_groups
from headwater.cypher.project import SETTINGS, Project, create_project, open_project
from headwater.cypher.targets import note_target
from headwater.lineage.resolve import Found
from headwater.lineage.seals import files
from headwater.lineage.seals.check_proof import is_signed, leaf_hash, signed_bytes
from headwater.lineage.seals.export import find_seal, keep, read_kept
from headwater.lineage.seals.files import Seal, SealDamaged, read_seal, read_seals, seal_files
from headwater.lineage.seals.keys import key_file, load_key, make_key, public_bytes, read_public
from headwater.lineage.seals.make import leaves_of, make_seal
from headwater.lineage.seals.merkle import root
from headwater.lineage.seals.prove import prove
from headwater.lineage.seals.verify import verify_tree
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runs import MadeUpRun

if TYPE_CHECKING:
    from headwater.cypher.store import GraphStore


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose journals nobody loads: a seal needs no store."""
    return create_project(tmp_path / "project")


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def leaves(project: Project, *runs: MadeUpRun) -> list[bytes]:
    return [
        leaf_hash(run.id, group.index, index, piece)
        for run in runs
        for group in read_groups(project.journals / f"{run.id}.hwj")
        for index, piece in enumerate(group.pieces())
    ]


# -- what a seal covers ------------------------------------------------------------------------------------------------


def test_a_seal_is_a_signed_tree_over_all_records(project: Project, key: Ed25519PrivateKey) -> None:
    runs = [MadeUpRun(seed, calls=10) for seed in (1, 2)]
    for run in runs:
        run.write(project)
    done = make_seal(project, key)
    assert done.made
    assert done.seal is not None
    told = done.seal.statement
    assert (told.number, told.previous, told.size) == (1, None, sum(len(run.records) for run in runs))
    assert told.root == root(leaves(project, *runs)).hex()
    assert is_signed(public_bytes(key), signed_bytes(told.content), bytes.fromhex(told.signature))
    heads = {span.run: span.head for span in done.seal.spans}
    assert heads == {
        run.id: list(read_groups(project.journals / f"{run.id}.hwj"))[-1].head.hex() for run in runs
    }


def test_where_nothing_is_new_no_seal_is_made(project: Project, key: Ed25519PrivateKey) -> None:
    empty = make_seal(project, key)
    assert (empty.made, empty.seal) == (False, None)
    MadeUpRun(1, calls=10).write(project)
    first = make_seal(project, key)
    again = make_seal(project, key)
    assert not again.made
    assert again.seal == first.seal
    assert len(seal_files(project)) == 1


def test_a_later_seal_adds_what_is_new_behind_what_was_sealed(
    project: Project, key: Ed25519PrivateKey
) -> None:
    """The order of the leaves is that of the seals: the tree of the earlier one is the beginning of the later one's."""
    later, earlier = MadeUpRun(1, calls=10), MadeUpRun(2, calls=10)
    earlier.write(project)
    first = make_seal(project, key).seal
    later.write(project)  # whose id is the smaller one
    second = make_seal(project, key).seal
    assert first is not None
    assert second is not None
    assert second.statement.previous == first.statement.id
    assert [span.run for span in second.spans] == [later.id]
    assert second.statement.root == root(leaves(project, earlier, later)).hex()


def test_of_a_run_that_goes_on_whole_groups_are_sealed_and_the_rest_later(
    project: Project, key: Ed25519PrivateKey
) -> None:
    run = MadeUpRun(1, calls=20)
    writer = JournalWriter(project.journals / f"{run.id}.hwj", run.id)
    groups = run.groups()
    for group in groups[:3]:
        writer.append(group)
    done = make_seal(project, key)
    assert done.growing == (run.id,)
    assert done.seal is not None
    assert done.seal.statement.size == sum(map(len, groups[:3]))
    for group in groups[3:]:
        writer.append(group)
    writer.close()
    last = make_seal(project, key)
    assert last.growing == ()
    assert last.seal is not None
    assert [(span.first, span.groups) for span in last.seal.spans] == [(3, len(groups))]
    assert last.seal.statement.root == root(leaves(project, run)).hex()


def test_of_a_damaged_journal_what_is_before_the_damage_is_sealed(
    project: Project, key: Ed25519PrivateKey
) -> None:
    path = MadeUpRun(1, calls=20).write(project)
    groups = list(read_groups(path))
    os.truncate(path, groups[-1].end - 1)
    done = make_seal(project, key)
    [damage] = done.damaged
    assert damage.offset == groups[-1].offset
    assert done.seal is not None
    assert done.seal.statement.size == sum(len(group.records) for group in groups[:-1])


def test_nothing_is_sealed_where_a_sealed_journal_is_gone_or_shorter(
    project: Project, key: Ed25519PrivateKey
) -> None:
    path = MadeUpRun(1, calls=20).write(project)
    make_seal(project, key)
    MadeUpRun(2, calls=10).write(project)
    content = path.read_bytes()
    os.truncate(path, list(read_groups(path))[-1].offset)
    with pytest.raises(StoreError, match=r"shorter than it was when seal 1 was made of it. Type: hw verify"):
        make_seal(project, key)
    path.unlink()
    with pytest.raises(StoreError, match="which seal 1 covers, is not there"):
        make_seal(project, key)
    path.write_bytes(content)
    assert make_seal(project, key).made


def test_nothing_is_sealed_where_a_seal_is_missing_or_another(
    project: Project, key: Ed25519PrivateKey
) -> None:
    for seed in (1, 2, 3):
        MadeUpRun(seed, calls=10).write(project)
        make_seal(project, key)
    MadeUpRun(4, calls=10).write(project)
    second = project.journals / "000002.seal"
    content = second.read_text()
    second.write_text(content.replace('"size": ', '"size": 1'))
    with pytest.raises(SealDamaged, match="is not a seal as it was written"):
        make_seal(project, key)
    second.unlink()
    with pytest.raises(SealDamaged, match="the seal before it is missing"):
        make_seal(project, key)


def test_journals_for_other_stores_are_sealed_too(
    project: Project, key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = MadeUpRun(1, calls=10)
    with monkeypatch.context() as patch:
        patch.setenv("HEADWATER_STORE_URI", "bolt://elsewhere:7687")
        note_target(project, run.write(project))
    done = make_seal(project, key)
    assert done.seal is not None
    assert [span.run for span in done.seal.spans] == [run.id]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"seal": {}}',
        "[" * 100_000,
        '{"seal": {"at": 1}, "signature": "", "journals": [], "tree": []}',
    ],
)
def test_what_is_no_seal_is_refused(project: Project, text: str) -> None:
    path = project.journals / "000001.seal"
    path.write_text(text)
    with pytest.raises(SealDamaged):
        read_seal(path)


def test_a_seal_that_is_moved_while_it_is_looked_for_is_found(
    project: Project, key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    MadeUpRun(1, calls=10).write(project)
    made = make_seal(project, key).seal
    assert made is not None

    def moved_just_now(path: Path) -> Seal:
        if path.exists() and path.parent == project.journals:
            os.replace(path, project.loaded_journals / path.name)
        return read_seal(path)

    monkeypatch.setattr(files, "read_seal", moved_just_now)
    assert [seal.statement for seal in read_seals(project)] == [made.statement]


def test_a_seal_that_another_command_gives_the_graph_meanwhile_is_no_trouble(
    project: Project, key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_STORE_URI", "bolt://127.0.0.1:1")
    MadeUpRun(1, calls=10).write(project)
    assert make_seal(project, key).made

    class Graph:
        def write(self, _: object) -> None:
            for path in project.journals.glob("*.seal*"):
                os.replace(path, project.loaded_journals / path.name)

    files.load_seals(project, cast("GraphStore", Graph()))
    assert sorted(path.name for path in project.loaded_journals.iterdir()) == [
        "000001.seal",
        "000001.seal.target",
    ]


def test_the_head_before_the_first_group_is_that_of_the_run(project: Project, key: Ed25519PrivateKey) -> None:
    run = MadeUpRun(1, calls=10)
    path = run.write(project)
    make_seal(project, key)
    assert next(read_groups(path)).previous == first_head(run.id)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=25))
def test_however_runs_and_seals_come_every_tree_is_the_beginning_of_the_next(steps: list[int | None]) -> None:
    """A number: that run writes its next group. None: a seal is made."""
    key = Ed25519PrivateKey.generate()
    with tempfile.TemporaryDirectory() as folder:
        project = create_project(Path(folder))
        runs = [MadeUpRun(seed, calls=8) for seed in range(4)]
        writers: dict[int, JournalWriter] = {}
        for step in [*steps, None]:
            if step is None:
                make_seal(project, key)
                continue
            if step not in writers:
                writers[step] = JournalWriter(project.journals / f"{runs[step].id}.hwj", runs[step].id)
            groups = runs[step].groups(3)
            if writers[step].groups < len(groups):
                writers[step].append(groups[writers[step].groups])
        for writer in writers.values():
            writer.close()
        sealed: list[bytes] = []
        for seal in read_seals(project):
            for span in seal.spans:
                for group in read_groups(project.journals / f"{span.run}.hwj"):
                    if span.first <= group.index < span.groups:
                        sealed += leaves_of(group, span.run)
            assert (len(sealed), root(sealed).hex()) == (seal.statement.size, seal.statement.root)
        assert sorted(sealed) == sorted(leaves(project, *(runs[number] for number in writers)))
        assert list(verify_tree(project, list(read_seals(project)))) == []


# -- keys --------------------------------------------------------------------------------------------------------------


def test_a_new_key_is_its_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "seal.pem"
    public, other = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert public_bytes(load_key(path)) == public == read_public(other)
    content = path.read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        make_key(path)
    other.unlink()
    with pytest.raises(UsageError, match="never overwritten"):
        make_key(path)
    path.unlink()
    other.write_text("")
    with pytest.raises(UsageError, match="never overwritten"):
        make_key(path)
    assert content.startswith(b"-----BEGIN PRIVATE KEY-----")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "seal.pem"
    make_key(path)
    path.chmod(mode)
    with pytest.raises(UsageError, match=f"chmod 600 {path}"):
        load_key(path)


def test_a_key_among_what_it_is_to_seal_is_refused(project: Project, tmp_path: Path) -> None:
    path = project.folder / "seal.pem"
    make_key(path)
    with pytest.raises(UsageError, match="Keep the key elsewhere"):
        load_key(path, project)
    (tmp_path / "link.pem").symlink_to(path)
    with pytest.raises(UsageError, match="Keep the key elsewhere"):
        load_key(tmp_path / "link.pem", project)


def test_what_is_no_key_is_refused_and_never_shown(tmp_path: Path) -> None:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    other = rsa.generate_private_key(65537, 2048).private_bytes(*form, serialization.NoEncryption())
    locked = Ed25519PrivateKey.generate().private_bytes(
        *form, serialization.BestAvailableEncryption(b"words")
    )
    path = tmp_path / "seal.pem"
    for content, why in [
        (b"secret words", "no private key"),
        (other, "no Ed25519 key"),
        (locked, "a passphrase"),
    ]:
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(UsageError, match=why) as caught:
            load_key(path)
        assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="hw seal keygen"):
        load_key(tmp_path / "none.pem")


def test_the_key_is_the_one_that_is_named_first(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADWATER_SEAL_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/config")
    assert key_file(project, None) == Path("/config/headwater/seal.pem")
    (project.folder / SETTINGS).write_text("[seal]\nkey = ../keys/seal.pem\n")
    settled = open_project(project.root)
    assert key_file(settled, None) == settled.root / "../keys/seal.pem"
    monkeypatch.setenv("HEADWATER_SEAL_KEY", "/from/environment.pem")
    assert key_file(settled, None) == Path("/from/environment.pem")
    assert key_file(settled, Path("named.pem")) == Path("named.pem")


def test_without_cryptography_the_line_to_type_is_named(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from pathlib import Path\n"
        "from headwater.lineage.seals.keys import make_key\n"
        f"make_key(Path({str(tmp_path / 'key.pem')!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "pip install 'headwater[seal]'" in done.stderr
    assert not (tmp_path / "key.pem").exists()


# -- places ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sealed(project: Project, key: Ed25519PrivateKey) -> Project:
    MadeUpRun(1, calls=10).write(project)
    make_seal(project, key)
    return project


def test_a_seal_is_kept_in_a_file_a_folder_and_at_a_url(sealed: Project, tmp_path: Path) -> None:
    seal = find_seal(sealed, "-")
    (tmp_path / "there").mkdir()
    for place, where in [
        (str(tmp_path / "one.json"), tmp_path / "one.json"),
        (f"{tmp_path}/new/", tmp_path / "new" / "seal-000001.json"),
        (str(tmp_path / "there"), tmp_path / "there" / "seal-000001.json"),
        (f"file://{tmp_path}/by-url.json", tmp_path / "by-url.json"),
    ]:
        assert keep(sealed, seal, place) == str(where)
        assert read_kept(where) == [seal.statement]
        assert keep(sealed, seal, place) == str(where)  # the same again changes nothing
    import fsspec

    assert keep(sealed, seal, "memory://seals/") == "memory:///seals/seal-000001.json"
    assert (
        fsspec.filesystem("memory").cat_file("/seals/seal-000001.json").decode()
        == seal.statement.line() + "\n"
    )


def test_what_is_kept_names_no_run(sealed: Project) -> None:
    assert MadeUpRun(1).id not in find_seal(sealed, "1").statement.line()


def test_what_is_at_a_place_already_is_not_overwritten(sealed: Project, tmp_path: Path) -> None:
    place = tmp_path / "seal.json"
    place.write_text("something")
    with pytest.raises(UsageError, match="is there already, and is not seal 1"):
        keep(sealed, find_seal(sealed, "1"), str(place))
    assert place.read_text() == "something"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("s3://me:word@bucket/seals", "credentials"),
        ("https://host/seal?token=1", "credentials or a query"),
        ("nowhere://seal", "no place to keep a seal"),
        ("git-notes", "git repository"),
    ],
)
def test_a_place_that_cannot_be_is_refused(sealed: Project, place: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        keep(sealed, find_seal(sealed, "1"), place)
    assert "word" not in str(caught.value)


def test_a_seal_is_kept_in_the_notes_of_the_last_commit(
    sealed: Project, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
        return subprocess.run(
            ["git", *who, *words], cwd=sealed.root, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    git("config", "user.name", "me")
    git("config", "user.email", "me@example.org")
    git("commit", "-q", "--allow-empty", "-m", "Begin")
    first = find_seal(sealed, "1")
    keep(sealed, first, "git-notes")
    MadeUpRun(2, calls=10).write(sealed)
    second = make_seal(sealed, key).seal
    assert second is not None
    assert "refs/notes/headwater" in keep(sealed, second, "git-notes")
    notes = tmp_path / "notes.txt"
    notes.write_text(git("notes", "--ref=headwater", "show"))
    assert read_kept(notes) == [first.statement, second.statement]


def test_what_was_not_kept_by_us_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "seal.json"
    for text, why in [
        ("", "holds no seal"),
        ("no", "it is no JSON"),
        ("{}", "it is no seal"),
        ('{"seal": {}, "signature": ""}', "not the keys"),
    ]:
        path.write_text(text)
        with pytest.raises(UsageError, match=why):
            read_kept(path)


def test_seals_are_found_by_number_and_by_id(project: Project, key: Ed25519PrivateKey) -> None:
    for seed in (1, 2):
        MadeUpRun(seed, calls=10).write(project)
        make_seal(project, key)
    first, second = read_seals(project)
    assert find_seal(project, "1") == first
    assert find_seal(project, "-") == second
    assert find_seal(project, second.statement.id[:8].upper()) == second
    for what in ("3", "", "abcdef0123", second.statement.id[:2]):
        with pytest.raises(UsageError, match="hw seal list"):
            find_seal(project, what)


# -- proofs ------------------------------------------------------------------------------------------------------------


def test_what_is_not_sealed_cannot_be_proved(project: Project, key: Ed25519PrivateKey) -> None:
    found = Found("execution", MadeUpRun(2).id, "a run")
    with pytest.raises(UsageError, match="nothing is sealed yet"):
        prove(project, found)
    MadeUpRun(1, calls=10).write(project)
    make_seal(project, key)
    MadeUpRun(2, calls=10).write(project)
    with pytest.raises(UsageError, match="seal 1 covers no record of execution"):
        prove(project, found)
    make_seal(project, key)
    assert prove(project, found)["seal"]["number"] == 2
    with pytest.raises(UsageError, match="seal 1 covers no record"):
        prove(project, found, find_seal(project, "1"))


def test_where_the_journals_changed_nothing_is_proved(project: Project, key: Ed25519PrivateKey) -> None:
    path = MadeUpRun(1, calls=10).write(project)
    make_seal(project, key)
    content = bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match="Type: hw verify"):
        prove(project, Found("execution", MadeUpRun(1).id, "a run"))
    path.unlink()
    with pytest.raises(StoreError, match="is not there"):
        prove(project, Found("execution", MadeUpRun(1).id, "a run"))
