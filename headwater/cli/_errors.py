"""What the command says when something goes wrong, and the exit code it leaves with."""

from __future__ import annotations

import errno
import os
import sys
import traceback

import click

from headwater.cypher.errors import HeadwaterError, InternalError
from headwater.cypher.inert import lines

STOPPED = 130

_MAY_NOT = "{user} may not. Ask whoever owns it, or copy the project to a folder of your own"
_FULL = "Make room, and type the command again: what was recorded before is kept"
NEXT_STEPS = {
    errno.EACCES: _MAY_NOT,
    errno.EPERM: _MAY_NOT,
    errno.EROFS: "Reading takes locks and a store that writes there, too. Copy the project to where you may write",
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EMFILE: "This process has too many open files. Allow more (ulimit -n 4096), and type the command again",
    errno.ENFILE: "The machine has too many open files. Close something, and type the command again",
}
"""What to do about errors of the operating system that are nobody's fault in here."""


def stopped() -> int:
    """Ctrl-C, after everything was put away."""
    click.echo("stopped", err=True)
    return STOPPED


def report(error: Exception) -> int:
    """Say on stderr what happened; return the exit code.

    Errors made on purpose show their message alone. Anything else is a fault of ours and shows its traceback.
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message())
        return 0
    if isinstance(error, click.ClickException):
        return _wrong_use(error)
    if isinstance(error, HeadwaterError):
        say(str(error))
        return error.exit_code
    surroundings = _surroundings(error)
    if surroundings is not None:
        say(surroundings)
        return InternalError.exit_code
    traceback.print_exception(error, file=sys.stderr)
    say(str(InternalError(f"unexpected {type(error).__name__}: {error}")))
    return InternalError.exit_code


def is_of_the_machine(error: BaseException) -> bool:
    """Whether the machine, not headwater, is at fault, and what to do about it is known."""
    return _surroundings(error) is not None


def _surroundings(error: BaseException) -> str | None:
    """What to say where the machine, not headwater, is at fault; None for any other error."""
    if not isinstance(error, OSError):
        return None
    try:
        os.getcwd()
    except FileNotFoundError:
        return "the folder that this command was started in is not there any more. Type: cd FOLDER"
    step = NEXT_STEPS.get(error.errno or 0)
    if step is None or (error.filename is None and step is not _FULL):
        return None
    # What is written to an open file, or to standard output, finds the disk full without knowing its name.
    where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    return f"{where}{error.strerror}. {step.format(user=f'user {os.getuid()}')}"


def say(message: str) -> None:
    """One error message on stderr, marked as such. Names in it may hold anything."""
    mark = click.style("error:", fg="red", bold=True) if sys.stderr.isatty() else "error:"
    click.echo(f"{mark} {lines(message)}", err=True)


def _wrong_use(error: click.ClickException) -> int:
    say(error.format_message())
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(f"Type: {context.command_path} --help", err=True)
    return 2
