"""`hw seal`, `hw verify SEAL` and `hw prove`: as somebody types them, with wrong input too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from headwater.cypher.project import open_project

from tests.conftest import server_of

from .conftest import WORKFLOW, Shell, _shell


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A project with a run, and a key beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        for shell in _shell(tmp_path_factory.mktemp("sealed")):
            shell.write("lab.py", WORKFLOW)
            shell.write("in.txt", "one\ntwo\n")
            assert shell("run", "lab.py", "copied_lines", "--source", "in.txt").code == 0
            assert shell("seal", "keygen", "../key.pem").code == 0
            yield shell


@pytest.fixture(scope="module")
def sealed(lab: Shell) -> Shell:
    """The same under one seal, which is kept in ../kept/, too."""
    answer = lab("seal", "--key", "../key.pem", "--to", "../kept/")
    assert answer.code == 0, answer
    return lab


KEPT = "../kept/seal-000001.json"


def test_without_a_key_the_line_to_type_is_named(lab: Shell) -> None:
    answer = lab("seal")
    assert answer.code == 2
    assert "To make one: hw seal keygen" in answer.err


def test_a_key_is_made_once_and_its_public_half_shown(lab: Shell) -> None:
    path = lab.folder / "../key.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    again = lab("seal", "keygen", "../key.pem")
    assert again.code == 2
    assert "never overwritten" in again.err
    assert lab("seal", "public-key", "--key", "../key.pem").out == path.with_name("key.pem.pub").read_text()


def test_a_seal_is_made_kept_and_listed(sealed: Shell) -> None:
    [listed] = sealed("seal", "list", "--json").json
    assert list(listed) == [
        "number",
        "id",
        "previous",
        "at",
        "records",
        "root",
        "key",
        "signature",
        "journals",
    ]
    kept = json.loads((sealed.folder / KEPT).read_text())
    assert kept["seal"]["root"] == listed["root"]
    text = sealed("seal", "list").out
    assert listed["id"][:16] in text
    again = sealed("seal", "--key", "../key.pem", "--json").json
    assert list(again) == ["seal", "made", "new", "kept", "growing", "damaged"]
    assert (again["made"], again["new"], again["seal"]["id"]) == (False, 0, listed["id"])


def test_where_it_is_kept_nowhere_else_it_says_what_that_means(sealed: Shell) -> None:
    answer = sealed("seal", "--key", "../key.pem")
    assert answer.out.startswith("nothing is new since seal 1")
    assert "hw seal export 1 --to PLACE" in answer.err


def test_a_seal_can_be_kept_later(sealed: Shell) -> None:
    answer = sealed("seal", "export", "-", "--to", "../later.json")
    assert answer.code == 0, answer
    assert (sealed.folder / "../later.json").read_text() == (sealed.folder / KEPT).read_text()
    assert sealed("seal", "export", "7", "--to", "../never.json").code == 2
    assert sealed("seal", "export", "1", "--to", "in.txt").code == 2
    assert sealed("seal", "export", "1", "--to", "git-notes").code == 2
    assert sealed("seal", "export", "1").code == 2


def test_the_place_of_the_settings_is_seen_from_the_project(sealed: Shell, tmp_path: Path) -> None:
    settings = sealed.folder / ".headwater" / "headwater.ini"
    before = settings.read_text()
    try:
        settings.write_text(f"{before}\n[seal]\nkey = ../key.pem\nto = ../by-settings/\n")
        assert sealed("seal").code == 0
        assert (sealed.folder / "../by-settings/seal-000001.json").exists()
        settings.write_text(f"{before}\n[seal]\nkeys = x\n")
        assert "Did you mean key?" in sealed("seal").err
    finally:
        settings.write_text(before)


def test_verify_takes_a_kept_seal_and_the_key(sealed: Shell) -> None:
    answer = sealed("verify", KEPT, "--public-key", "../key.pem.pub")
    assert (answer.code, answer.err) == (0, ""), answer
    assert "1 seal over" in answer.out
    [listed] = sealed("seal", "list", "--json").json
    by_id = sealed("verify", listed["id"][:10], "--json")
    assert by_id.code == 0
    assert (by_id.json["seals"], by_id.json["keys"]) == (1, [listed["key"]])
    assert "whether that is the right key, --public-key says" in sealed("verify").err


def test_verify_names_a_kept_seal_that_is_not_here_and_a_key_that_did_not_sign(
    sealed: Shell, tmp_path: Path
) -> None:
    kept = json.loads((sealed.folder / KEPT).read_text())
    kept["seal"]["at"] += 1
    (tmp_path / "other.json").write_text(json.dumps(kept))
    answer = sealed("verify", str(tmp_path / "other.json"), "--json")
    assert answer.code == 3
    assert [finding["kind"] for finding in answer.json["findings"]] == ["damaged", "missing"]
    assert sealed("verify", "0123456789").code == 3
    (tmp_path / "key.pub").write_text("ab" * 32)
    answer = sealed("verify", "--public-key", str(tmp_path / "key.pub"), "--json")
    assert answer.code == 3
    assert [(finding["label"], finding["what"]) for finding in answer.json["findings"]] == [("Seal", "key")]


@pytest.mark.parametrize("words", [["nothing.json"], ["12"], ["in.txt"], ["--public-key", "in.txt"]])
def test_verify_refuses_what_is_no_seal_and_no_key(sealed: Shell, words: list[str]) -> None:
    answer = sealed("verify", *words)
    assert answer.code == 2, answer
    assert answer.err.startswith("error: ")


def test_a_proof_is_checked_by_the_file_that_comes_with_it(sealed: Shell, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    answer = sealed("prove", "copy.txt", "-o", str(path), "--checker")
    assert answer.code == 0, answer
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "check_proof.py",
            "proof.json",
            "--public-key",
            str(sealed.folder / "../key.pem.pub"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    told = json.loads(done.stdout)
    assert (told["kind"], told["record"][2]) == ("file", str(sealed.folder / "copy.txt"))
    again = sealed("prove", "copy.txt", "-o", str(path))
    assert again.code == 2
    assert "is there already" in again.err


def test_prove_takes_whatever_other_commands_take(sealed: Shell) -> None:
    for what, kind in [("-", "execution"), ("lab.copy", "task"), ("in.txt", "file")]:
        proof = sealed("prove", what, "--json")
        assert proof.code == 0, (what, kind, proof)
        assert proof.json["seal"]["number"] == 1
    assert sealed("prove", "no-such-thing").code == 2
    assert sealed("prove", "-", "--seal", "9").code == 2


def test_what_is_newer_than_the_seal_is_not_proved(sealed: Shell) -> None:
    assert sealed("run", "lab.py", "doubles").code == 0
    answer = sealed("prove", "-")
    assert answer.code == 2
    assert "To seal what is new: hw seal" in answer.err


def test_verify_says_what_came_from_the_first_record_that_is_off(hw: Shell) -> None:
    hw.write("lab.py", WORKFLOW)
    assert hw("run", "lab.py", "doubles").code == 0
    server_of(open_project(hw.folder)).run("MATCH (v:Value {preview: '2'}) SET v.preview = '\x1b[31m9'")
    answer = hw("verify")
    assert answer.code == 3
    assert "what came from this: " in answer.out
    assert "lab.total" in answer.out
    assert "\x1b" not in answer.out
    told = hw("verify", "--json").json
    assert told["first"] == 0
    assert list(told["downstream"]) == [
        *("run", "calls", "jobs", "files", "runs"),
        *("unended", "perhaps_calls", "perhaps_files", "perhaps_runs", "listed"),
    ]
    assert told["downstream"]["calls"] == len(told["downstream"]["listed"]) > 0


def test_a_seal_is_made_while_the_store_is_away_and_comes_into_the_graph_later(hw: Shell) -> None:
    hw.write("lab.py", WORKFLOW)
    assert hw("run", "lab.py", "doubles").code == 0
    hw("seal", "keygen", "key.pem")
    away = {"HEADWATER_STORE_URI": "bolt://127.0.0.1:9", "HEADWATER_STORE_PASSWORD": "x"}
    settings = hw.folder / ".headwater" / "headwater.ini"
    before = settings.read_text()
    settings.write_text(before.replace("uri = local", "uri = bolt://127.0.0.1:9"))
    answer = hw("seal", "--key", "key.pem", **{"HEADWATER_STORE_PASSWORD": away["HEADWATER_STORE_PASSWORD"]})
    settings.write_text(before)
    assert answer.code == 0, answer
    assert "not in the graph yet" in answer.err
    assert hw("query", "MATCH (s:Seal) RETURN count(s) AS n", "--json").json["rows"] == [[1]]
    assert hw("verify").code == 0


def test_no_secret_of_the_key_is_left_anywhere(sealed: Shell) -> None:
    secret = (sealed.folder / "../key.pem").read_text().splitlines()[1].encode()
    for folder, _, names in os.walk(sealed.folder / ".headwater"):
        for name in names:
            assert secret not in (Path(folder) / name).read_bytes()


def test_a_fresh_clone_of_a_project_has_nothing_to_seal_and_can_be_read(hw: Shell) -> None:
    (hw.folder / ".headwater").mkdir()
    (hw.folder / ".headwater" / "headwater.ini").write_text("[store]\nuri = local\n")
    hw("seal", "keygen", "key.pem")
    answer = hw("seal", "--key", "key.pem")
    assert (answer.code, answer.out) == (0, "nothing is recorded yet, so there is nothing to seal\n"), answer
    assert hw("verify").code == 0
    assert hw("seal", "list").out == "nothing is sealed yet. Type: hw seal\n"


def test_a_proof_between_two_seals_is_checked_without_headwater(hw: Shell) -> None:
    hw.write("lab.py", WORKFLOW)
    hw("seal", "keygen", "key.pem")
    for n in ("3", "4"):
        assert hw("run", "lab.py", "doubles", "--n", n).code == 0
        assert hw("seal", "--key", "key.pem").code == 0
    answer = hw("prove", "--between", "2", "1", "--checker")
    assert answer.code == 0, answer
    assert "records under seal 1\nare the first of the " in answer.out
    assert "under seal 2: proof-1-2.json" in answer.out
    checked = subprocess.run(
        [sys.executable, "-I", "-S", "check_proof.py", "proof-1-2.json", "--public-key", "key.pem.pub"],
        cwd=hw.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    told = json.loads(checked.stdout)
    seals = hw("seal", "list", "--json").json
    assert [told[which]["root"] for which in ("older", "newer")] == [seal["root"] for seal in seals]
    assert hw("prove", "--between", "1", "2", "--json").json == json.loads(
        (hw.folder / "proof-1-2.json").read_text()
    )
    for words in ([], ["lab.double", "--between", "1", "2"], ["--between", "1", "2", "--seal", "1"]):
        answer = hw("prove", *words)
        assert answer.code == 2
        assert "prove --between SEAL SEAL" in answer.err
    assert "compared with itself" in hw("prove", "--between", "1", "1").err
    assert hw("prove", "--between", "1", "9").code == 2
