"""Files on Azure, Google and SFTP servers: what they are known by, what is done with them, and what they say when they
refuse. (S3, HTTP and FTP are in test_files_protocols.)"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher import local_graph
from headwater.engine.files import still_valid
from headwater.engine.values import ValueStore

from headwater import ContentFile, Dir, File, FileSet, Scheduler, ScriptError, create_project, script, task

headwater_namespace = "clouds"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(params=["azure", "google", "sftp"])
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The URL of an empty folder on a real server, and the evidence that it gives."""
    if request.param == "azure":
        return f"az://{request.getfixturevalue('container')}/data", "etag"
    if request.param == "google":
        return f"gs://{request.getfixturevalue('google_bucket')}/data", "etag"
    return f"{request.getfixturevalue('sftp')}/data", "stat"


def test_a_file_is_written_read_identified_and_removed(place: tuple[str, str]) -> None:
    url, evidence = place
    file = File(f"{url}/sub/a.txt")
    assert (file.evidence, file.exists()) == ("missing", False)
    file.write("one")
    assert (file.evidence, file.recorded_size, file.read()) == (evidence, 3, "one")
    assert file.isfile()
    assert file.size() == 3
    assert file.is_valid()
    File(file.path if "sftp" not in url else f"{url}/sub/a.txt").write("three")
    assert not file.is_valid()
    assert not still_valid(file.uri, file.evidence, file.digest) or "sftp" in url
    with file.open("rb") as handle:
        handle.seek(2)
        assert handle.read(2) == b"re"
    assert ContentFile(f"{url}/sub/a.txt").evidence == "content"
    file.remove()
    assert File(f"{url}/sub/a.txt").evidence == "missing"
    with pytest.raises(FileNotFoundError):
        file.read()


def test_folders_patterns_and_copies(place: tuple[str, str], tmp_path: Path) -> None:
    url, _ = place
    (tmp_path / "here").mkdir()
    for name in ("a.csv", "b.csv", "c.txt"):
        (tmp_path / "here" / name).write_text(name)
    there = Dir(tmp_path / "here").copy_to(Dir(f"{url}/there"))
    assert sorted(file.basename() for file in there) == ["a.csv", "b.csv", "c.txt"]
    matching = FileSet(f"{url}/there/*.csv")
    assert [file.read() for file in matching] == ["a.csv", "b.csv"]
    before = there.digest
    File(f"{url}/there/d.csv").write("new")
    assert not there.is_valid()
    assert not matching.is_valid()
    there.update_hash()
    assert there.digest != before
    back = there.copy_to(Dir(tmp_path / "back"))
    assert sorted(file.read() for file in back) == ["a.csv", "b.csv", "c.txt", "new"]
    there.rmdir(recursive=True)
    assert not Dir(f"{url}/there").files()


ran: list[str] = []


@task
def length(file: File) -> int:
    ran.append("length")
    return len(file.read())


@task
def main(file: File) -> Any:
    return length(file)


def test_a_call_runs_again_when_its_file_changed(place: tuple[str, str], tmp_path: Path) -> None:
    url, _ = place
    if url.startswith("sftp"):
        pytest.skip(
            "a recorded address has no password, so it cannot be looked at again; ssh's keys are for that"
        )
    project = create_project(tmp_path / "project")

    def run() -> tuple[int, int]:
        ran.clear()
        scheduler = Scheduler(project)
        value = scheduler.run(main(File(f"{url}/a.txt")))
        scheduler.wait_recorded()
        return value, len(ran)

    try:
        File(f"{url}/a.txt").write("one")
        assert (run(), run()) == ((3, 1), (3, 0))
        File(f"{url}/a.txt").write("three")
        assert (run(), run()) == ((5, 1), (5, 0))
    finally:
        local_graph.stop(project)


def test_a_value_store_may_be_there(place: tuple[str, str]) -> None:
    url, _ = place
    values = ValueStore(f"{url}/values")
    location = values.put(b"large" * 1000)
    assert values.put(b"large" * 1000) == location
    assert bytes(values.get(location)) == b"large" * 1000
    [entry] = values.entries()
    assert (entry.location, entry.kind, entry.size) == (location, "value", 5000)
    assert entry.put is not None
    assert values.discard(entry)
    assert not values.discard(entry)
    [moved] = values.entries()
    assert (moved.location, moved.kind) == (location, "aside")
    assert values.has(location), "it is taken from where it was moved to"
    assert values.discard(moved)
    assert not values.has(location)


def test_a_password_is_neither_recorded_nor_shown(sftp: str) -> None:
    file = File(f"{sftp}/a.txt")
    file.write("x")
    assert "hunter2" not in file.uri + repr(file) + file.path
    assert "somebody@127.0.0.1" in file.uri


def test_who_is_not_let_in_is_told_so(sftp: str) -> None:
    with pytest.raises(OSError, match=r"(?i)cannot be opened: auth") as caught:
        File(sftp.replace("hunter2", "wrong-password") + "/a.txt").read()
    assert "wrong-password" not in str(caught.value)


def test_a_place_that_is_not_there_is_an_error_and_is_not_made(container: str, google_bucket: str) -> None:
    for url in ("az://no-such-container", "gs://no-such-bucket-at-all"):
        with pytest.raises(OSError, match=r"(?i)container|bucket|not found|exist|no-such"):
            File(f"{url}/a").write("x")
        assert not Dir(url).exists()


def test_wrong_keys_are_an_error_and_not_a_missing_file(
    azure_server: str, container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import adlfs

    File(f"az://{container}/a").write("x")
    key = azure_server.partition("AccountKey=")[2].partition(";")[0]
    wrong = azure_server.replace(key, "d3Jvbmc=")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", wrong)
    adlfs.AzureBlobFileSystem.clear_instance_cache()
    with pytest.raises(OSError, match=r"(?i)cannot be looked at: .*(auth|403|forbidden)"):
        _ = File(f"az://{container}/a").evidence


@pytest.mark.parametrize("size", [10, 6 << 20])
def test_an_error_in_the_middle_of_writing_leaves_the_old_object(
    container: str, google_bucket: str, bucket: str, size: int
) -> None:
    for place in (f"az://{container}", f"gs://{google_bucket}", f"s3://{bucket}"):
        file = File(f"{place}/a")
        file.write("the old one")
        with pytest.raises(RuntimeError, match="in the middle"):
            _write_half(file, size)
        assert File(f"{place}/a").read() == "the old one", place
        assert file.is_valid()


def _write_half(file: File, size: int) -> None:
    with file.open("wb") as handle:
        handle.write(b"x" * size)
        raise RuntimeError("in the middle")


@pytest.mark.parametrize(
    ("scheme", "fixture"), [("s3", "bucket"), ("az", "container"), ("gs", "google_bucket")]
)
def test_an_output_that_a_script_did_not_write_is_an_error_there_too(
    scheme: str, fixture: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{scheme}://{request.getfixturevalue(fixture)}/data"
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "same").write_text("same")
    old, fresh, folder = File(f"{url}/d/old"), File(f"{url}/fresh"), Dir(f"{url}/d")
    old.write("same")
    run = Scheduler(record=False).run
    copy = f"{Path(sys.executable).with_name('hw')} fs cp -q {tmp_path}/same"
    time.sleep(4.5)  # what was written moments ago is not asked about
    for output in (old, folder):
        with pytest.raises(ScriptError, match=r"did not write its output .*/d.*was there before"):
            run(script("true", outputs=output))
        assert run(script("true", inputs=output, outputs=output)).uri == output.uri, "it is passed on"
    assert run(script(f"{copy} {old.uri}", outputs=old)).read() == "same"
    assert run(script(f"{copy} {fresh.uri}", outputs=fresh)).read() == "same"
    time.sleep(4.5)
    assert len(run(script(f"{copy} {url}/d/new", outputs=folder))) == 2
