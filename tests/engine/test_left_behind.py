"""What a run that is killed leaves is put right by the next."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from headwater.engine import script_turns
from headwater.engine.files.under_way import Note, begin, end, settle_killed
from headwater.engine.left_behind import tidy_up
from headwater.engine.script_room import come_back

from headwater import File, Scheduler, script
from tests.waiting import wait_for

KILLED = """
import os, sys
from headwater import Dir, File, Scheduler, script
out = File("home.txt").stage("out.txt")
text = f"{sys.argv[1]} echo half > out.txt; kill -9 {os.getpid()}; sleep 60"
Scheduler(record=False).run(script(text, Dir("data").stage("taken"), out))
"""


LATE = "exec 2> log; trap 'sleep 1.5; echo late > out.txt; exit 1' TERM;"


@pytest.fixture(params=["", LATE], ids=["ends", "ends late"])
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A folder in which a script was killed together with headwater."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(script_turns, "ENDED_AFTER", 60.0)
    for name in ("tmp", "data", "taken"):
        Path(name).mkdir()
        Path(name, f"{name}.txt").write_text(name)
    Path("old.txt").write_text("old")
    Path("out.txt").write_text("precious")
    subprocess.run(
        [sys.executable, "-c", KILLED, request.param],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        check=False,
    )
    return tmp_path


def test_what_a_script_had_put_aside_comes_back(killed: Path) -> None:
    assert sorted(os.listdir("taken")) == ["data.txt"], "what lay there is aside"
    assert Path("out.txt").read_text() in ("half\n", "late\n")
    assert [name for name in os.listdir("tmp") if name.startswith("headwater-script-")]
    assert Scheduler(record=False).run(script("cat taken/taken.txt")) == "taken"
    assert sorted(os.listdir("taken")) == ["data.txt", "taken.txt"]
    assert Path("out.txt").read_text() == "precious", "it takes the place of what is not whole"
    assert os.listdir("tmp") == ["tmp.txt"], "its temporary folder is gone"
    assert not [name for name in os.listdir(".") if name.endswith(".hw-partial")]
    assert tidy_up() == 0
    if Path("log").exists():
        time.sleep(2)
    assert Path("out.txt").read_text() == "precious", "nothing of that script writes still"


def test_a_place_that_another_script_has_is_left_to_a_later_run(killed: Path) -> None:
    Path("go").unlink(missing_ok=True)
    slow = script(
        "touch began; while [ ! -e go ]; do sleep .01; done; ls taken", File("old.txt").stage("taken/x")
    )
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(Scheduler(record=False).run(slow)))
    # The other begins before anybody has tidied up, as one of another run may.
    left = os.path.join("cache", "under-way")
    os.rename(left, "kept")
    thread.start()
    wait_for(Path("began").exists, 60)
    for name in os.listdir("kept"):
        os.rename(os.path.join("kept", name), os.path.join(left, name))
    tidy_up()
    assert sorted(os.listdir("taken")) == ["data.txt", "x"]
    Path("go").touch()
    thread.join()
    assert said == ["data.txt\nx\n"]
    assert tidy_up() == 1
    assert sorted(os.listdir("taken")) == ["data.txt", "taken.txt", "x"]


@pytest.mark.parametrize("was_folder", [False, True])
def test_what_lay_there_comes_back_whatever_a_killed_script_made_instead(
    tmp_path: Path, was_folder: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    for name, is_folder in (("aside", was_folder), ("place", not was_folder)):
        if is_folder:
            (tmp_path / name).mkdir()
        (tmp_path / name / "file" if is_folder else tmp_path / name).write_text(name)
    assert come_back(Note(str(tmp_path / "aside"), str(tmp_path / "place")))
    back, instead = tmp_path / "place", tmp_path / "aside"
    assert (back / "file" if was_folder else back).read_text() == "aside"
    assert (instead if was_folder else instead / "file").read_text() == "place", "nobody loses anything"
    assert sorted(os.listdir(tmp_path)) == ["aside", "cache", "place"]


def test_what_cannot_be_put_right_keeps_nothing_else_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "under-way").mkdir(parents=True)
    for name in ("no", "yes"):
        (tmp_path / name).write_text(name)
    # A file where a folder is needed.
    notes = [(str(tmp_path / "no"), str(tmp_path / "no/at/all")), (str(tmp_path / "yes"), "")]
    (tmp_path / "cache" / "under-way" / f"{platform.node()}~1-x").write_text(
        "".join(f"{json.dumps(note)}\n" for note in notes)
    )
    assert tidy_up() == 1
    assert [(tmp_path / name).exists() for name in ("no", "yes")] == [True, False]
    assert len(os.listdir(tmp_path / "cache" / "under-way")) == 1, "it is tried again"


def test_what_the_living_are_in_the_midst_of_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path))
    found: list[Note] = []
    begin(Note(str(tmp_path / "x")))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        begin(Note("of the child"))
        os.write(write, b"x")
        time.sleep(60)
        os._exit(0)
    os.read(read, 1)
    settle_killed(lambda note: found.append(note) is None)
    assert found == []
    os.kill(child, 9)
    os.waitpid(child, 0)
    settle_killed(lambda note: bool(found.append(note)))
    settle_killed(lambda note: found.append(note) is None)
    settle_killed(lambda note: found.append(note) is None)
    assert found == [Note("of the child")] * 2, "what could not be put right is tried again"
    end(str(tmp_path / "x"))


def test_notes_do_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path))
    begin(Note("long"))
    for n in range(3000):
        begin(Note(f"{n:0500}"))
        end(f"{n:0500}")
    (notes,) = (tmp_path / "under-way").iterdir()
    assert notes.stat().st_size < 1 << 21
    assert '["long", ""]\n' in notes.read_text()
    end("long")
    assert notes.read_text() == ""


HALF = """
import os
from headwater import File
halves = []
for name in ("a/one", "a/two", "b/c/one"):
    File(f"{name}.whole").write("whole")
    halves.append(File(f"{name}.txt").open("w"))
    halves[-1].write("half")
os.kill(os.getpid(), 9)
"""


def test_what_was_half_written_is_gone_whatever_folder_it_was_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    own = File("a/own.txt").open("w")
    Path("a/one.txt").write_text("old")
    subprocess.run([sys.executable, "-c", HALF], check=False)
    assert len(list(tmp_path.rglob("*.hw-partial"))) == 4
    assert tidy_up() == 3
    assert len(list(tmp_path.rglob("*.hw-partial"))) == 1, "that of the living is left alone"
    own.write("own")
    own.close()
    assert [Path(f"{name}.whole").read_text() for name in ("a/one", "b/c/one")] == ["whole"] * 2
    assert Path("a/one.txt").read_text() == "old"
    assert Path("a/own.txt").read_text() == "own"
    assert tidy_up() == 0


WHOLE = """
import sys
from headwater import File
from headwater.engine.files import partials
partials._MOST = 10
left = File("left/open.txt").open("w")
for n in range(25):
    File(f"{n}/x.txt").write("x")
notes = partials._Partials.own._noted
print(len(notes), any(folder.endswith("left") for folder in notes))
if sys.argv[1:]:
    left.close()
"""


@pytest.mark.parametrize("closes", [False, True])
def test_a_process_that_ends_leaves_notes_only_of_what_it_leaves_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, closes: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    said = subprocess.run(
        [sys.executable, "-c", WHOLE, *["closes"] * closes], check=True, capture_output=True, text=True
    )
    count, kept = said.stdout.split()
    assert int(count) <= 10
    assert kept == "True", "a folder in which something is under way stays noted"
    notes = list((tmp_path / "cache" / "under-way").iterdir())
    assert len(notes) == (0 if closes else 1)


WRITES_IN_TWO = """
import os, sys
from headwater import File
for cache in ("cache", "other"):
    os.environ["HEADWATER_CACHE"] = cache
    with open("out.txt", "w"):
        pass
    file = File("out.txt").open("w")
    file.write("half")
    if cache == "cache":
        file.close()
os.kill(os.getpid(), 9)
"""


def test_a_folder_is_noted_in_the_cache_folder_that_is_named_by_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run([sys.executable, "-c", WRITES_IN_TWO], check=False)
    left = [name for name in os.listdir(".") if name.endswith(".hw-partial")]
    assert len(left) == 1
    monkeypatch.setenv("HEADWATER_CACHE", "other")
    tidy_up()
    assert not [name for name in os.listdir(".") if name.endswith(".hw-partial")]
