"""`hw store status|start|stop`: the graph store of a project."""

from __future__ import annotations

import click


@click.group()
def command() -> None:
    """Look at, start or stop the graph store.

    The local graph starts when a command needs it and leaves when nobody has used it for a while; start and
    stop are for those who want it otherwise. A Neo4j server is started and stopped by its own means.
    """
