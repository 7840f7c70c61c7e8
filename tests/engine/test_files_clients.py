"""The clients of stores: each thread has its own, or one that works on an event loop, and so has a forked process."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from headwater.engine.files.address import open_filesystem

from headwater import File

# Python 3.12 warns of any fork beside threads, which is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
_WAIT = 60
"""seconds after which a child counts as hanging"""


@pytest.fixture(params=["s3", "azure", "google", "sftp"])
def place(request: pytest.FixtureRequest) -> str:
    """The URL of an empty folder on a real server."""
    if request.param == "s3":
        return f"s3://{request.getfixturevalue('bucket')}/data"
    if request.param == "azure":
        return f"az://{request.getfixturevalue('container')}/data"
    if request.param == "google":
        return f"gs://{request.getfixturevalue('google_bucket')}/data"
    return f"{request.getfixturevalue('sftp')}/data"


def test_threads_share_a_client_only_where_it_works_on_an_event_loop(place: str) -> None:
    together = threading.Barrier(4)

    def client(_: int) -> Any:
        together.wait()
        return open_filesystem(place)[0]

    with ThreadPoolExecutor(4) as pool:
        clients = list(pool.map(client, range(4)))
    assert len({id(one) for one in clients}) == 4 or all(
        one.async_impl and one.loop.is_running() for one in clients
    )


def test_threads_work_on_files_at_once(place: str) -> None:
    def work(number: int) -> str:
        file = File(f"{place}/{number}.txt")
        file.write(f"{number} " * 1000)
        again = File(f"{place}/{number}.txt")
        assert again.hash == file.hash
        return str(again.read())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(24))) == [f"{number} " * 1000 for number in range(24)]


def test_a_forked_process_works_with_the_files_that_it_was_given(place: str) -> None:
    given = File(f"{place}/given.txt")
    given.write("from the parent")

    def child() -> None:
        File(f"{place}/child.txt").write(given.read() + ", by the child")
        assert given.is_valid()

    with busy(given):
        assert [_exit_code(child) for _ in range(3)] == [0, 0, 0]
    assert File(f"{place}/child.txt").read() == "from the parent, by the child"
    given.write("still at work")
    assert given.read() == "still at work"


@contextmanager
def busy(file: File) -> Iterator[None]:
    """A thread that reads a file all the time: a fork finds its client, and its locks, in use."""
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            file.read()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _exit_code(work: Callable[[], None]) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(_WAIT)
    if process.exitcode is None:
        process.kill()
        process.join()
        pytest.fail(f"the child of {os.getpid()} did not end within {_WAIT} s")
    return process.exitcode
