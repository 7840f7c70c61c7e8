"""Whose store a journal is for, and that no loader takes another store's."""

from __future__ import annotations

import json
import os
import signal

import pytest
from headwater.cypher import backlog
from headwater.cypher.backlog import pending
from headwater.cypher.errors import StoreUnavailable
from headwater.cypher.loader import Loader, catch_up
from headwater.cypher.project import SETTINGS, Project, open_project

from tests.runs import MadeUpRun


def test_a_journal_for_the_store_that_the_environment_names_is_left_to_a_loader_of_that_store(
    local_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = MadeUpRun(1).write(local_project)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("HEADWATER_STORE_URI", "bolt://127.0.0.1:9")
        theirs = MadeUpRun(2).write(local_project)
        assert pending(local_project) == [theirs]
    assert pending(local_project) == [ours]
    assert backlog.pending_elsewhere(local_project) == {"bolt://127.0.0.1:9": 1}
    loader = Loader(local_project)
    assert loader.run(idle=0) == 0
    loader.close()
    assert theirs.exists()
    assert not ours.exists()


def test_a_loader_that_lingers_does_not_keep_a_run_for_another_store_from_its_own_loader(
    local_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    MadeUpRun(1).write(local_project)
    assert catch_up(local_project, timeout=60).complete
    assert backlog.is_running(local_project)  # it stays for a while
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("HEADWATER_STORE_URI", "bolt://127.0.0.1:9")
        MadeUpRun(2).write(local_project)
        caught = catch_up(local_project, timeout=60)
        assert not caught.complete
        assert "bolt://127.0.0.1:9" in (caught.problem or "")
        pid = backlog.loader_pid(local_project)
        if pid is not None:
            os.kill(pid, signal.SIGTERM)


def test_a_loader_that_lingers_follows_the_settings(local_project: Project) -> None:
    MadeUpRun(1).write(local_project)
    loader = Loader(local_project)
    assert loader.turn()
    while loader.turn():
        pass
    (local_project.folder / SETTINGS).write_text("[store]\nuri = bolt://127.0.0.1:9\n", encoding="utf-8")
    path = MadeUpRun(2).write(open_project(local_project.root))
    with pytest.raises(StoreUnavailable, match="no store answers"):
        loader.turn()
    loader.close()
    assert path.exists()


def test_what_a_store_is_named_by_is_kept_beside_the_journal_and_holds_no_password(
    local_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_STORE_DATABASE", "other")
    monkeypatch.setenv("HEADWATER_STORE_PASSWORD", "hunter2")
    path = MadeUpRun(1).write(local_project)
    told = path.with_name(path.name + ".target").read_text()
    assert json.loads(told) == {"uri": "local", "database": "other"}
    loader = Loader(local_project)
    assert loader.run(idle=0) == 0
    loader.close()
    assert (local_project.loaded_journals / (path.name + ".target")).read_text() == told
