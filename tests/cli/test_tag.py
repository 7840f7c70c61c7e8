"""`hw tag`: what it changes, shows and refuses."""

from __future__ import annotations

import os
import pwd

import pytest

from .conftest import Shell


def account() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def test_tags_are_added_changed_taken_away_and_listed(lab: Shell) -> None:
    answer = lab("tag", "add", "lab.double", "owner=me", "colour=red", HEADWATER_USER="ann")
    assert answer.code == 0
    assert [line.partition(": ")[2] for line in answer.out.splitlines()] == ["+ owner=me", "+ colour=red"]
    again = lab("tag", "add", "lab.double", "owner=me")
    assert (again.code, again.out) == (0, "")
    assert "tagged so already" in again.err
    changed = lab("tag", "update", "lab.double", "colour=blue", HEADWATER_USER="ben")
    assert [line.partition(": ")[2] for line in changed.out.splitlines()] == ["- colour=red", "+ colour=blue"]
    lab("tag", "rm", "lab.double", "owner")
    listed = lab("tag", "list", "lab.double", "--json").json["tags"]
    assert [(tag["key"], tag["value"], tag["user"]) for tag in listed] == [
        ("colour", "blue", f"ben ({account()})")
    ]
    history = lab("tag", "list", "lab.double", "--history", "--json").json["tags"]
    assert [(tag["value"], tag["ended_by"]) for tag in history if tag["key"] == "colour"] == [
        ("red", f"ben ({account()})"),
        ("blue", None),
    ]
    assert list(history[0]) == [
        *("kind", "target", "key", "value", "id", "at", "user", "ended", "ended_by"),
    ]
    assert "colour=blue" in lab("log", "lab.double").out
    assert lab("log", "lab.double", "--json").json["tags"] == ["colour=blue"]
    assert "colour=blue" in lab("tag", "list").out
    assert lab("tag", "list", "--tag", "colour=red").code == 0
    assert "colour=red" in lab("tag", "list", "--tag", "colour", "--history").out
    found = lab("find", "jobs", "--tag", "colour=blue", "--json").json["found"]
    assert {job["task"] for job in found} == {"lab.double"}
    assert lab("verify").code == 0


def test_tags_are_listed_as_they_were_then(lab: Shell) -> None:
    keys = ("keeper", "shade")

    def listed(*words: str) -> list[tuple[str, str, bool]]:
        found = lab("tag", "list", *words, "--json").json["tags"]
        return [(tag["key"], tag["value"], tag["ended"] is None) for tag in found if tag["key"] in keys]

    assert lab("tag", "add", "lab.double", "keeper=me", "shade=red").code == 0
    assert lab("tag", "update", "lab.double", "shade=blue").code == 0
    assert lab("tag", "rm", "lab.double", "keeper").code == 0
    history = lab("tag", "list", "lab.double", "--history", "--json").json["tags"]
    added, updated, removed = sorted(
        {tag[of] for tag in history for of in ("at", "ended") if tag[of] and tag["key"] in keys}
    )
    for words in (("lab.double",), ()):
        assert sorted(listed(*words, "--as-of", added)) == [("keeper", "me", True), ("shade", "red", True)]
        assert sorted(listed(*words, "--as-of", updated)) == [("keeper", "me", True), ("shade", "blue", True)]
        assert sorted(listed(*words, "--as-of", removed)) == [("shade", "blue", True)]
    assert listed("--tag", "shade", "--history", "--as-of", updated) == [
        ("shade", "red", False),
        ("shade", "blue", True),
    ]
    assert listed("--as-of", "-") == listed("--as-of", "2001-01-01") == []
    before = lab("tag", "list", "lab.double", "--as-of", "2001-01-01")
    assert (before.code, "asked as of 2001-01-01" in before.err) == (2, True)


def test_hostile_tags_are_shown_inert(lab: Shell) -> None:
    hostile = "a\x1b[31m=\nb\u202e"
    assert lab("tag", "add", "-", hostile).code == 0
    for words in (["tag", "list", "-"], ["log", "-"], ["tag", "list", "-", "--history"]):
        out = lab(*words).out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "a\\x1b[31m=\\nb\\u202e" in out
    assert lab("tag", "rm", "-", hostile).code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add", "-", "owner"], "'owner' is no tag: a tag is KEY=VALUE"),
        (["add", "-", "=me"], "'=me' is no tag"),
        (["add", "-"], "Missing argument 'KEY=VALUE"),
        (["add", "nothing-like-this", "a=b"], "nothing recorded is called nothing-like-this"),
        (["add", "task:lab.duble", "a=b"], "Did you mean lab.double"),
        (["rm", "-", "absent"], "has no tag absent. Its tags: none"),
        (["update", "-", "x"], "'x' is no tag"),
        (["list", "-", "--tag", "="], "'=' is no tag"),
        (["change", "-"], "No such command 'change'"),
    ],
)
def test_wrong_use_is_told(lab: Shell, words: list[str], message: str) -> None:
    answer = lab("tag", *words)
    assert answer.code == 2
    assert message in answer.err


def test_the_settings_tag_every_run(lab: Shell) -> None:
    settings = lab.folder / ".headwater" / "headwater.ini"
    before = settings.read_text()
    settings.write_text(before + "\n[tags]\nTeam = b\nfrom = url token=opensesame\n")
    assert lab("run", "lab.py", "doubles", "--tag", "team=a", "--tag", "Team=b").code == 0
    assert lab("launch", "--wait", "echo 1").code == 0
    text = lab("tag", "list").out
    assert (text.count("Team=b"), text.count("team=a"), text.count("token=***")) == (2, 1, 2), text
    settings.write_text(settings.read_text() + "empty =\n")
    answer = lab("run", "lab.py", "doubles")
    assert answer.code == 2
    assert "headwater.ini: [tags]: 'empty=' is no tag" in answer.err
    settings.write_text(before)


def test_a_run_is_tagged_where_it_is_typed(lab: Shell) -> None:
    assert lab("run", "lab.py", "doubles", "--tag", "team=a").code == 0
    assert "team=a" in lab("log", "-").out
    wrong = lab("run", "lab.py", "doubles", "--tag", "team")
    assert wrong.code == 2
    assert "--tag: 'team' is no tag" in wrong.err
