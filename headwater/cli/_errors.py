"""What the command says when something goes wrong, and the exit code it leaves with."""

from __future__ import annotations

import sys
import traceback

import click

from headwater.cypher.errors import HeadwaterError, InternalError
from headwater.cypher.inert import lines

STOPPED = 130


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
    traceback.print_exception(error, file=sys.stderr)
    say(str(InternalError(f"unexpected {type(error).__name__}: {error}")))
    return InternalError.exit_code


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
