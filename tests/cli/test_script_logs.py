"""What scripts write: shown with their jobs, printed whole, and live while they run."""

from __future__ import annotations

import re

import pytest

from .conftest import Shell

WORKFLOW = r"""
from headwater import script, task

headwater_namespace = "talk"

TEXT = '''
for i in $(seq 1 {lines}); do echo "line $i of {n}"; done
printf '\\033[2Jcleared\\n' >&2
echo "my token is $SOME_TOKEN" >&2
'''


@task
def talk(scripts: int = 1, lines: int = 3, executor: str = "default") -> list[str]:
    return [script(TEXT.format(n=n, lines=lines), executor=executor) for n in range(scripts)]


@task
def quiet() -> int:
    return 1


@task
def fails() -> str:
    return script("echo it goes wrong >&2; exit 3")
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("talk"))
    shell.write("talk.py", WORKFLOW)
    shell("init")
    return shell


@pytest.fixture(scope="module", autouse=True)
def stopped(shell: Shell) -> object:
    yield
    shell("store", "stop")


def run(shell: Shell, *words: str) -> list[str]:
    """Run a task; the ids of its jobs."""
    answer = shell("run", "talk.py", *words, SOME_TOKEN="hunter2-and-more")
    assert answer.code == 0, answer.err
    return [job["id"] for job in shell("log", "-", "--json").json["jobs"]]


def test_the_log_of_a_job_is_shown_with_it_and_printed_whole(shell: Shell) -> None:
    _, job = run(shell, "talk", "--lines", "30")
    shown = shell("log", job).out
    assert "log (the last 10 of" in shown
    assert "\n  line 5 of 0\n" not in shown
    whole = shell("log", job, "--log").out
    # (What came of the script's two streams may stand in either order.)
    assert [line.strip() for line in shown.splitlines()[-10:]] == whole.splitlines()[-10:]
    assert [f"line {i} of 0" in whole for i in range(1, 31)] == [True] * 30
    assert "exit status 0" in whole.splitlines()[-1]
    told = shell("log", job, "--json").json
    assert told["log"].endswith(f"{job}.log")


def test_secrets_and_what_moves_the_cursor_are_not_shown(shell: Shell) -> None:
    _, job = run(shell, "talk")
    for words in (["log", job], ["log", job, "--log"]):
        out = shell(*words).out
        assert "my token is ***" in out
        assert "hunter2" not in out
        assert r"\x1b[2Jcleared" in out
        assert "\x1b" not in out


def test_a_run_prints_the_logs_of_all_its_scripts_each_under_its_job(shell: Shell) -> None:
    root, *jobs = run(shell, "talk", "--scripts", "3", "--no-cache")
    for what in ("-", root):
        out = shell("log", what, "--log").out
        assert re.findall(r"^==> job (\w+) <==$", out, re.MULTILINE) == [job[:8] for job in jobs]
        assert out.index("line 1 of 0") < out.index("line 1 of 1") < out.index("line 1 of 2")


def test_a_job_that_was_answered_from_the_cache_shows_the_log_of_the_one_that_ran(shell: Shell) -> None:
    run(shell, "talk", "--lines", "4")
    [root] = run(shell, "talk", "--lines", "4")
    assert shell("log", root, "--json").json["job"]["status"] == "CACHED"
    for what in (root, "-"):
        assert "line 4 of 0" in shell("log", what, "--log").out


@pytest.mark.parametrize("executor", ["default", "process"])
def test_what_scripts_write_is_shown_live_on_request(shell: Shell, executor: str) -> None:
    words = ["run", "talk.py", "talk", "--executor", executor, "--no-cache", "--json"]
    answer = shell(*words, "-v", SOME_TOKEN="hunter2-and-more")
    assert answer.code == 0
    assert answer.json["status"] == "DONE"
    lines = re.findall(r"^(\w{8}) \| (line .*|my .*|.*cleared)$", answer.err, re.MULTILINE)
    text = [line for _, line in lines]
    assert sorted(text) == sorted(
        [*(f"line {i} of 0" for i in (1, 2, 3)), r"\x1b[2Jcleared", "my token is ***"]
    )
    assert len({job for job, _ in lines}) == 1
    assert "line 1" not in shell(*words).err


def test_a_script_that_fails_is_heard_of_too(shell: Shell) -> None:
    answer = shell("run", "talk.py", "fails", "--verbose")
    assert answer.code == 1
    assert re.search(r"^\w{8} \| it goes wrong$", answer.err, re.MULTILINE)
    assert "it goes wrong" in shell("log", "-", "--log").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["log", "--log"], "hw log JOB --log"),
        (["log", "-", "--log", "--json"], "hw log JOB --log"),
        (["log", "talk.quiet", "--log"], "a task has no log"),
        (["log", "-", "--log"], "only what scripts write is kept"),
    ],
)
def test_where_there_is_no_log_it_is_said(shell: Shell, words: list[str], said: str) -> None:
    run(shell, "quiet")
    answer = shell(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
