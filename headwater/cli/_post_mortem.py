"""`hw run --pdb`: the debugger, where the task that failed stands."""

from __future__ import annotations

import pdb

import click


def post_mortem(error: BaseException) -> None:
    """Debug the function that raised an error, where it did so in this process."""
    way = getattr(error, "headwater_traceback", None)
    if way is None or not way.is_here:
        click.echo(
            "--pdb: no task of this process raised it, so there is nothing to look into. With -o executor=default, and "
            "without what is recorded (--no-cache), a task runs here",
            err=True,
        )
        return
    pdb.post_mortem(error.__traceback__)
