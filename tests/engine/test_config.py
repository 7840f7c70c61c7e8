"""The engine's settings: what they change, and what is refused with the nearest match."""

from __future__ import annotations

import math
import threading
import time
from pathlib import Path

import pytest
from headwater.cypher.project import SETTINGS
from headwater.engine.config import Config

from headwater import CallError, Scheduler, UsageError, create_project, open_project, task

headwater_namespace = "config"


@task
def inc(x: int) -> int:
    return x + 1


def configured(root: Path, text: str) -> Config:
    create_project(root)
    (root / ".headwater" / SETTINGS).write_text(text)
    return Config.of(open_project(root))


def test_a_new_project_has_the_standard_settings(tmp_path: Path) -> None:
    assert Config.of(create_project(tmp_path)) == Config.of(None)


@pytest.mark.parametrize(
    ("text", "size"), [("1000", 1000), ("1.5 kB", 1500), ("2GB", 2_000_000_000), ("7 b", 7)]
)
def test_a_size_may_have_a_unit(tmp_path: Path, text: str, size: int) -> None:
    assert configured(tmp_path, f"[scheduler]\nmax_value_size = {text}\n").max_value_size == size


def test_limits_and_executors_are_read(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        "[limits]\ndb = 3\n[executors.default]\nworkers = 2\n[executors.big]\ntype = process\nworkers = 4\n",
    )
    assert config.limits == {"db": 3}
    assert config.executors["default"].workers == 2
    assert (config.executors["big"].type, config.executors["big"].workers) == ("process", 4)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[limit]\ndb = 3\n", "Did you mean limits"),
        ("[limits]\ndb = many\n", "db = many"),
        ("[executors.x]\ntype = proces\n", "Did you mean process"),
        ("[executors.x]\nworker = 1\n", "Did you mean workers"),
        ("[store]\nurl = local\n", "Did you mean uri"),
        ("[store]\npassword = x\n", "HEADWATER_STORE_PASSWORD"),
        ("[executors]\nworkers = 1\n", r"executors\.NAME"),
        ("[scheduler]\nignore_warnings = namespaces\n", "Did you mean namespace"),
        ("[scheduler]\nmax_value_size = much\n", "a number of bytes is needed, like 500 MB"),
        ("[scheduler]\nmax_value_size = 5 parsecs\n", "a number of bytes is needed, like 500 MB"),
    ],
)
def test_what_is_not_a_setting_is_refused_with_the_nearest(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        configured(tmp_path, text)


def test_capacities_bound_what_runs_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, most = [0], [0]
    lock, pair = threading.Lock(), threading.Barrier(2)

    @task(namespace="config", limits={"db": 2})
    def two(n: int) -> int:
        with lock:
            now[0] += 2
            most[0] = max(most[0], now[0])
        pair.wait(60)
        time.sleep(0.01)
        with lock:
            now[0] -= 2
        return n

    scheduler = Scheduler(record=False)
    scheduler.config = configured(tmp_path, "[limits]\ndb = 5\n")
    assert scheduler.run([two(i) for i in range(8)]) == list(range(8))
    assert most == [4]


def test_a_slip_in_the_name_of_a_limit_fails_the_call_with_the_nearest(tmp_path: Path) -> None:
    scheduler = Scheduler(record=False)
    scheduler.config = configured(tmp_path, "[limits]\ndatabase = 2\ngpu0 = 1\n")
    with pytest.raises(CallError, match=r"'databse', which is not configured\. Did you mean database\?"):
        scheduler.run(inc.options(limits=["databse"])(1))
    assert scheduler.run([inc.options(limits=[name])(1) for name in ("database", "gpu1", "network")]) == [
        2,
        2,
        2,
    ]


def test_tasks_without_a_namespace_are_named_once_a_run(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    bare = task(name="bare", namespace="")(inc.func)
    scheduler = Scheduler(record=False)
    assert scheduler.run([bare(1), bare(2)]) == [2, 3]
    assert [record.getMessage().count("test_config.py:bare") for record in caplog.records] == [1]
    caplog.clear()
    scheduler.config = configured(tmp_path, "[scheduler]\nignore_warnings = namespace\n")
    assert scheduler.run(bare(3)) == 4
    assert caplog.records == []


def test_a_task_of_a_function_that_is_not_pythons_is_named_by_its_module(
    caplog: pytest.LogCaptureFixture,
) -> None:
    root = task(version="1", name="root")(math.sqrt)
    assert Scheduler(record=False).run(root(4.0)) == 2.0
    assert "tasks without a namespace: math:root." in caplog.text


@pytest.mark.parametrize(
    "address",
    ["sftp://me:secret@host/values", "https://host/values?token=secret", "zip://a::sftp://me:x@host/b"],
)
def test_credentials_in_the_address_of_the_values_are_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match="credentials") as refused:
        configured(tmp_path, f"[store]\nvalues = {address}\n")
    assert "secret" not in str(refused.value)


def test_an_unknown_protocol_for_values_is_refused(tmp_path: Path) -> None:
    configured(tmp_path, "[store]\nvalues = nowhere://values\n")
    with pytest.raises(UsageError, match="nowhere"):
        Scheduler(open_project(tmp_path)).run(inc(1))
