"""The loader: a process of its own that brings a project's journals into its graph.

    python -m headwater.cypher.loader PROJECT_ROOT [--idle SECONDS]

One at a time works on a project and a store (it holds `.headwater/loader.lock`, or what `targets` says). It loads what
is pending, follows journals that are being written, waits out a store that is away, and leaves when nothing has been
pending for a while. Whom it belongs to does not matter: any command may start it (`ensure_loader`) and wait for it
(`catch_up`).

Exit codes: 0 everything is loaded, or another loader is at work; 2 wrong use; 3 the store refuses us, or a journal.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from headwater.cypher.backlog import (
    LOG,
    Backlog,
    CatchUp,
    Damage,
    catch_up,
    damages,
    ensure_loader,
    forget_problem,
    last_nudge,
    pending,
)
from headwater.cypher.errors import HeadwaterError, StoreError, StoreUnavailable, UsageError
from headwater.cypher.garbage import few_collections, keep_for_good, own_process
from headwater.cypher.held import is_held
from headwater.cypher.journal import is_of_change
from headwater.cypher.load_change import ChangeLoad
from headwater.cypher.load_journal import JournalLoad
from headwater.cypher.project import Project, open_project
from headwater.cypher.store import GraphStore, open_store
from headwater.cypher.targets import lock_file, state_file, write_json

IDLE = 2.0
"""Seconds without anything pending after which the loader leaves."""
POLL = 0.05
LONGEST_WAIT = 5.0
"""Seconds between two attempts at a store that is away, at most."""
SMALLEST_SHARE = 64
_LARGEST_LOG = 1 << 20

__all__ = ["Backlog", "CatchUp", "Damage", "Loader", "catch_up", "damages", "ensure_loader", "main"]


class Loader:
    """Loads a project's journals until it is told to stop or nothing is pending."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.stopping = False
        self._lock_file = lock_file(project)
        self._store: GraphStore | None = None
        self._loads: dict[Path, JournalLoad | ChangeLoad] = {}
        self._shares: dict[Path, int] = {}
        self._stuck: set[Path] = set()
        self._failures = 0
        self._mute = False
        """whether word of a problem could not be left: nobody who waits for us would ever learn of it"""
        self._runs_wait = False
        """whether there are journals of runs to load"""

    def run(self, idle: float) -> int:
        """Work until nothing has been pending for `idle` seconds. Returns the exit code."""
        busy = time.monotonic()
        while not self.stopping:
            try:
                progress = self.turn()
            except (StoreUnavailable, OSError) as error:
                self._wait_out(error)
                if self._mute:
                    return 3
                busy = time.monotonic()
                continue
            except (StoreError, UsageError) as error:
                self._tell(error, final=True)
                return 3
            if self._failures:
                self._failures = 0
                _log("the store is back")
                if not self._stuck:
                    forget_problem(self.project)
            if progress:
                busy = time.monotonic()
                continue
            if set(pending(self.project)) - self._stuck:
                busy = time.monotonic()
            elif time.monotonic() - busy >= idle:
                break
            time.sleep(POLL)
        return 3 if self._stuck else 0

    def turn(self) -> bool:
        """Load one batch of every journal. Returns whether there was anything to do.

        Raises:
            StoreError: the store is away, or refuses us.
        """
        journals = [path for path in pending(self.project) if path not in self._stuck]
        if not journals:
            return False
        if any(path not in self._loads for path in journals):
            self._reread_settings()
            if lock_file(self.project) != self._lock_file:
                self.stopping = True  # by now another loader's store is the same as ours
                return False
            journals = [path for path in pending(self.project) if path not in self._stuck]
        if self._store is None:
            self._store = open_store(self.project)
        store = self._store
        self._runs_wait = not all(map(is_of_change, journals))
        return sum(self._advance(path, store) for path in journals) > 0

    def close(self) -> None:
        """Let go of the store."""
        self._loads.clear()
        if self._store is not None:
            self._store.close()
            self._store = None

    def _advance(self, path: Path, store: GraphStore) -> bool:
        load = self._loads.get(path)
        if load is None:
            load = self._loads[path] = self._begin(path, store)
        finished = not is_held(path)  # asked first: of a writer that has gone, the step sees everything
        try:
            if isinstance(load, ChangeLoad) and self._runs_wait and load.lacks():
                return False
            if load.step():
                return True
            if finished:
                load.finish(self.project.loaded_journals)
                del self._loads[path]
                _log(f"{path.name}: loaded" if load.damage is None else str(load.damage))
                return True
        except StoreUnavailable:
            raise
        except StoreError as error:
            self._set_aside(path, error)
        except FileNotFoundError as error:
            if path.exists():
                self._set_aside(path, error, smaller=False)
            else:  # it was of another store, whose loader has just finished it
                del self._loads[path]
        except Exception as error:
            traceback.print_exc()
            self._set_aside(path, error, smaller=False)
        return False

    def _begin(self, path: Path, store: GraphStore) -> JournalLoad | ChangeLoad:
        if is_of_change(path):
            return ChangeLoad(path, store)
        return JournalLoad(path, store, share=self._shares.get(path, 1))

    def _set_aside(self, path: Path, error: Exception, *, smaller: bool = True) -> None:
        """The store took part of nothing: try with less at a time, and where that is no help go on with the others."""
        del self._loads[path]
        share = self._shares.get(path, 1) * 4
        if smaller and share <= SMALLEST_SHARE:
            self._shares[path] = share
            return
        self._stuck.add(path)
        self._tell(error, final=True)

    def _wait_out(self, error: Exception) -> None:
        """The store, or the disk, is away: forget what was assumed of it and wait, longer each time."""
        self._loads.clear()
        self._failures += 1
        self._tell(error, final=False, quiet=self._failures > 1)
        limit = min(LONGEST_WAIT, 0.1 * 2 ** min(self._failures, 10))
        until = time.monotonic() + random.uniform(limit / 2, limit)
        nudge = last_nudge(self.project)
        while not self.stopping and time.monotonic() < until and last_nudge(self.project) == nudge:
            time.sleep(POLL)
        self._reread_settings()

    def _reread_settings(self) -> None:
        """Whoever changes the store's address, or corrects it while we wait for the wrong one, expects it to count."""
        with suppress(HeadwaterError):
            project = open_project(self.project.root)
            if project.store_settings() != self.project.store_settings():
                self.close()
            self.project = project

    def _tell(self, error: Exception, *, final: bool, quiet: bool = False) -> None:
        """Leave word of a problem for those who wait for us."""
        stuck = sorted(path.name for path in self._stuck)
        what = f"{', '.join(stuck)} cannot be loaded: {error}" if stuck else str(error)
        if not quiet:
            _log(what)
        try:
            write_json(state_file(self.project), {"final": final, "journals": stuck, "text": what})
        except OSError:  # the disk may be full
            self._mute = True


def main(argv: list[str] | None = None) -> int:
    """Run a loader. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m headwater.cypher.loader")
    parser.add_argument("project", type=Path)
    parser.add_argument("--idle", type=float, default=IDLE)
    options = parser.parse_args(argv)
    try:
        project = open_project(options.project)
        project.store_settings()
    except HeadwaterError as error:
        _log(str(error))
        return error.exit_code
    code = 0
    while (lock := _take_lock(project)) is not None:
        try:
            code, stopped = _work(project, options.idle)
        finally:
            os.close(lock)
        # Whoever added a journal just now saw the lock held and started nobody.
        if code or stopped or not pending(project):
            break
    return code


def _work(project: Project, idle: float) -> tuple[int, bool]:
    """Load until nothing is left. Returns the exit code, and whether we were told to stop."""
    _trim_log(project)
    forget_problem(project)
    loader = Loader(project)

    def stop(*_: object) -> None:
        loader.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return loader.run(idle), loader.stopping
    finally:
        loader.close()


def _take_lock(project: Project) -> int | None:
    """The lock that lets one loader work, or None where another does. (Those who only look hold it for an instant.)"""
    lock = os.open(lock_file(project), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(20):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            return lock
        time.sleep(0.005)
    os.close(lock)
    return None


def _trim_log(project: Project) -> None:
    with suppress(OSError):
        if (project.folder / LOG).stat().st_size > _LARGEST_LOG:
            os.truncate(project.folder / LOG, 0)


def _log(text: str) -> None:
    with suppress(OSError):  # the disk may be full
        print(time.strftime("%Y-%m-%d %H:%M:%S"), text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    own_process()
    keep_for_good()
    with few_collections():  # a batch is many small objects, all of them needed until it is loaded
        sys.exit(main())
