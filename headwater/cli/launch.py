"""`hw launch CMD...`: run any command as a recorded script, in the background or waited for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headwater.cypher.errors import UsageError
from headwater.cypher.held import is_held
from headwater.cypher.journal import SUFFIX

if TYPE_CHECKING:
    from headwater.cypher.project import Project

NAME = "headwater.script"
"""the task that a launched command is a call of"""
_LOGS = "launched"
_ELSEWHERE = {
    "executor": "Give --executor NAME",
    "mode": "Give --executor NAME",
    "prov": "A launched command is always recorded",
}


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--executor", default="default", show_default=True, metavar="NAME", help="Where it runs.")
@click.option("--wait", is_flag=True, help="Wait until it has ended, and show its result as run does.")
@click.option(
    "-o",
    "--option",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the call, like timeout=60, retries=2 or limits=gpu; may be repeated.",
)
@click.option(
    "--setup", multiple=True, metavar="KEY=VALUE", help="Passed to setup_scheduler; may be repeated."
)
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="CMD...")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    executor: str,
    wait: bool,
    assignments: tuple[str, ...],
    setup: tuple[str, ...],
    words: tuple[str, ...],
) -> int:
    """Run any command as a script, and record it.

    CMD is a program with its arguments; one word alone is the text of a script, as bash reads it. It runs in the
    current folder, every time: no earlier result is taken (-o cache=true takes one).

    The run's id is printed as soon as it has begun, and the command goes on without this process and its
    terminal. What goes wrong then is written to the file that is named; hw log ID shows the run, hw cancel ID
    stops it.
    """
    from headwater.cli._call_options import read_options
    from headwater.cli._setup import secret_names
    from headwater.cypher.project import create_project, find_project
    from headwater.engine.redaction import redact

    options = {"cache": False, **read_options(assignments, _ELSEWHERE), "executor": executor}
    _check(words, options)
    project = find_project()
    if project is None:
        project = create_project(Path.cwd())
        click.echo(f"made a project in {project.root}", err=True)
    recorded = [
        ctx.find_root().info_name or "hw",
        *redact(ctx.obj, secret=secret_names(project, setup, ctx.obj) if setup else ()),
    ]
    if wait:
        from headwater.cli._running import Options, run_expression

        settings = Options(setup=list(setup), call_options=options)
        return run_expression(NAME, job_of(words, options), settings, recorded)
    return _leave(project, {"words": words, "options": options, "setup": setup, "recorded": recorded})


def job_of(words: Sequence[str], options: dict[str, Any]) -> Any:
    """The call that a launched command is."""
    from headwater.engine.script import script

    return script(words[0] if len(words) == 1 else list(words), **options)


def _check(words: Sequence[str], options: dict[str, Any]) -> None:
    """Refuse what cannot be before anything is started.

    Raises:
        UsageError: it is no command.
    """
    from headwater.engine.errors import CallError

    try:
        job_of(words, options)
    except CallError as error:
        raise UsageError(str(error)) from error


def _leave(project: Project, told: dict[str, Any]) -> int:
    """Start a process that evaluates it, and wait until the run has begun there. It tells so through a pipe, which ends
    if it dies first."""
    folder = project.folder / _LOGS
    folder.mkdir(exist_ok=True)
    output, log = tempfile.mkstemp(prefix="starting-", suffix=".log", dir=folder)
    hear, tell = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "headwater.cli._launched", str(tell), log],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=output,
        start_new_session=True,
        pass_fds=[tell],
        # `-m` looks for modules here first: a folder of the user's might hold a queue.py
        cwd=project.folder,
        env=_environment(),
    )
    os.close(tell)
    os.close(output)
    # By a pipe: the command line of a process can be read by everybody.
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(json.dumps({**told, "folder": os.getcwd()}).encode())
    with open(hear, encoding="utf-8") as answer:
        execution = answer.read()
    if not execution:
        code = process.wait()
        click.echo(Path(log).read_text("utf-8", errors="replace"), err=True, nl=False)
        Path(log).unlink()
        return code
    process.returncode = 0  # it outlives us: nobody is to be warned that it still runs
    click.echo(execution)
    shown = os.path.relpath(log_of(folder, execution))
    click.echo(f"goes on in the background; what goes wrong is written to {shown}", err=True)
    return 0


def _environment() -> dict[str, str]:
    """This process's, for one that begins in another folder."""
    path = os.environ.get("PYTHONPATH")
    if not path:
        return dict(os.environ)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, path.split(os.pathsep)))}


def log_of(folder: Path, execution: str) -> Path:
    """Where it is written what goes wrong in a run that was left to the background."""
    return folder / f"{execution}.log"


def old_logs(project: Project, before: float) -> dict[Path, int]:
    """What was written there of runs that have ended, with how much it is.

    Args:
        before: seconds since the epoch; what was written later is left out.
    """
    found = {}
    for path in sorted((project.folder / _LOGS).glob("*.log")):
        with suppress(FileNotFoundError):  # a run has just begun, or has ended with nothing to say
            status = path.stat()
            if status.st_mtime < before and not is_held(project.journals / f"{path.stem}{SUFFIX}"):
                found[path] = status.st_size
    return found
