"""The frame of the command line: finds verbs by name, and answers for how they end in one place."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from headwater._version import __version__
from headwater.cli import _errors
from headwater.cypher.alike import most_alike
from headwater.cypher.garbage import few_collections, own_process

VERBS = {
    "init": "Make a folder a project.",
    "run": "Run a task of a script and record it.",
    "launch": "Run any command as a script, and record it.",
    "cancel": "Stop a run that is under way, or one of its jobs.",
    "log": "Show runs, jobs, calls, values, tasks and files.",
    "trace": "Show everything a result came from.",
    "impact": "Show everything that something reached.",
    "why": "Say why a job ran, or why it did not have to.",
    "diff": "Show where two runs, calls, tasks, values or files differ.",
    "find": "Find runs, jobs and files by what is known of them.",
    "tag": "Mark runs, jobs, calls, values, files and tasks with KEY=VALUE.",
    "dataset": "Show the datasets that are declared in .headwater/datasets.toml and in code.",
    "audit": "Check the graph against rules.",
    "query": "Ask the graph in Cypher, read-only.",
    "fs": "List, copy, delete and identify files, here and at URLs.",
    "store": "Look at, start, stop and clean the stores.",
    "seal": "Sign all that is recorded.",
    "verify": "Check the journals against the graph and the seals.",
    "prove": "Prove that a record is one of those that were sealed.",
}
"""Every verb and its summary. `headwater --help` shows these without importing the verbs."""


class LazyGroup(click.Group):
    """A group whose commands are modules: `hw VERB` imports `headwater.cli.VERB` and runs its `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = import_module(f"headwater.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            near = most_alike(name, VERBS, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" The verbs are: {', '.join(VERBS)}."
            raise click.UsageError(f"there is no verb {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=LazyGroup,
    subcommand_metavar="VERB ...",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 findings or a failed run, 2 wrong use, 3 store or integrity, 130 stopped.",
)
@click.version_option(__version__, "-V", "--version", prog_name="headwater", message="%(prog)s %(version)s")
def app() -> None:
    """Run workflows of lazy tasks, and ask where every result came from."""


def run_app(arguments: Sequence[str] | None) -> int:
    """Run one command and turn whatever it ends with into a message and an exit code."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        own_process()
    name = _name()
    if os.environ.get(f"_{name.upper()}_COMPLETE"):  # the shell asks click what could be typed next
        app.main(args=words, prog_name=name)
    colour = False if os.environ.get("NO_COLOR") else None
    try:
        # What a command imports stays until its end: going through it again and again is a tenth of a short one's time.
        with few_collections(), app.make_context(name, list(words), obj=words, color=colour) as context:
            code = app.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except BrokenPipeError:
        return _nobody_reads()
    except (KeyboardInterrupt, click.Abort):
        return _errors.stopped()
    except Exception as error:
        return _errors.report(error)
    return code if isinstance(code, int) else 0


def _open_what_is_closed() -> None:
    """Where we were started without standard input, output or error (`hw … >&-`), use nothing instead: commands ask
    them whether they are terminals, and a file that is opened later must not get their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest number that is free.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdin = sys.stdin or os.fdopen(os.open(os.devnull, os.O_RDONLY), encoding="utf-8")
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _nobody_reads() -> int:
    """The reader of a pipe went away (`hw log | head`): nobody is left to tell.

    What is still buffered goes nowhere, so that the interpreter does not complain at its end. 141 is what
    shells expect of a program whose pipe broke.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    return 141


def _name() -> str:
    """What the user typed, so that hints can be typed again: `hw` or `headwater`."""
    name = os.path.basename(sys.argv[0])
    return name if name in {"hw", "headwater"} else "hw"
