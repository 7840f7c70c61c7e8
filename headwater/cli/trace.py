"""`hw trace WHAT`: the calls and files that something came from."""

from __future__ import annotations

import click


@click.command()
@click.argument("what")
@click.option(
    "--depth", type=click.IntRange(min=0), metavar="N", help="Go back N steps at most; default: all."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@click.option("--dot", "as_dot", is_flag=True, help="Print a graph in Graphviz' language.")
def command(what: str, depth: int | None, as_json: bool, as_dot: bool) -> None:
    """Show everything a result came from.

    WHAT is the beginning of the id or hash of a run, job, call, value or file, a file's path, or - for the last
    run. The tree begins at the call that made it; under each call stand those that its result and its arguments
    came from. A call or file that was shown before is not taken apart again.
    """
    from headwater.cli import _output, _tree
    from headwater.cli._reading import find, reading
    from headwater.lineage.trace import trace

    if as_json and as_dot:
        raise click.UsageError("--json and --dot exclude each other", click.get_current_context())
    with reading() as store:
        found = trace(store, find(store, what), depth=depth)
        if as_json:
            _output.emit_json(found.to_dict())
        elif as_dot:
            click.echo(found.to_dot())
        else:
            for line in _tree.tree(found):
                click.echo(line)
