"""Tasks for runs inside runs, in a module that a worker process imports at once."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from headwater import File, JobInfo, get_context, subrun, task

headwater_namespace = "insides"


@task
def inc(n: int) -> int:
    return n + 1


@task
def total(values: Any) -> int:
    return int(sum(values))


@task
def many(n: int) -> Any:
    return total([inc(i) for i in range(n)])


@task
def fail(message: str) -> int:
    raise KeyError(message)


@task
def read(file: File, log: str = "") -> str:
    if log:
        with Path(log).open("a") as lines:
            lines.write("read\n")
    return str(file.read())


@task
def pids(n: int) -> Any:
    return [os.getpid(), here(n)]


@task
def here(n: int) -> int:
    return os.getpid()


@task
def rate(n: int) -> Any:
    return n * get_context("rate", 1)


@task
def facts(info: JobInfo = JobInfo()) -> Any:
    assert info.options is not None
    return [info.execution_id, info.job_id, info.options.get("limits")]


@task
def nested(depth: int, executor: str) -> Any:
    return inc(0) if not depth else inc(subrun(nested(depth - 1, executor), executor))


@task
def long(note: str) -> int:
    for _ in range(100):
        Path(note).touch()
        time.sleep(0.1)
    return 1


@task
def longer(note: str) -> Any:
    return inc(long(note))


@task
def texts(error: Exception) -> str:
    return repr(error)


@task
async def waits(n: int) -> Any:
    return await inc(n)  # type: ignore[misc]
