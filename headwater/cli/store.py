"""`hw store status|start|stop|gc`: the graph store of a project, and the store of its large values."""

from __future__ import annotations

import time

import click

from headwater.cli._store_gc import gc


@click.group()
def command() -> None:
    """Look at, start, stop and clean the stores.

    The local graph starts when a command needs it and leaves when nobody has used it for a while; start and
    stop are for those who want it otherwise. A Neo4j server is started and stopped by its own means.
    """


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
def status(as_json: bool) -> int:
    """Say which store the project has, and whether it can be used.

    Nothing is started. Exits with 3 where the store cannot be used; a local graph that is not up can be: it starts
    when it is needed.
    """
    from headwater.cli import _output
    from headwater.cli._reading import the_project
    from headwater.cypher import backlog, local_graph

    project = the_project()
    told = local_graph.status(project)
    pending, elsewhere = len(backlog.pending(project)), backlog.pending_elsewhere(project)
    if as_json:
        keys = ("kind", "address", "running", "pid", "port", "folder", "log", "problem")
        _output.emit_json(
            {**{key: told.get(key) for key in keys}, "pending": pending, "elsewhere": elsewhere}
        )
    else:
        click.echo(told["address"])
        if told["running"]:
            click.echo(f"up, as process {told['pid']}, port {told['port']}" if "pid" in told else "up")
        else:
            click.echo(
                "not up; it starts when it is needed" if told["kind"] == "local" else "does not answer"
            )
        if pending:
            click.echo(f"{pending} run{'s' * (pending != 1)} not wholly loaded yet")
        for store, count in elsewhere.items():
            click.echo(f"{count} run{'s' * (count != 1)} wait{'s' * (count == 1)} for {store}")
        if "problem" in told:
            click.echo(told["problem"], err=True)
    return 3 if "problem" in told else 0


@command.command()
def start() -> None:
    """Start the local graph, unless it is up."""
    from headwater.cli._reading import the_project
    from headwater.cypher import local_graph

    project = the_project()
    began = time.monotonic()
    local_graph.start(project)
    told = local_graph.status(project)
    click.echo(f"up, as process {told['pid']}, port {told['port']} ({time.monotonic() - began:.1f} s)")


@command.command()
def stop() -> None:
    """Stop the local graph, if it is up."""
    from headwater.cli._reading import the_project
    from headwater.cypher import local_graph

    click.echo("stopped" if local_graph.stop(the_project()) else "was not up")


command.add_command(gc)
