"""`hw init`: make a folder a project."""

from __future__ import annotations

from pathlib import Path

import click

from headwater.cypher.errors import UsageError


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), default=".", metavar="[DIR]")
def command(directory: Path) -> None:
    """Make a folder a project.

    Creates DIR/.headwater (default: here), where runs are recorded and the settings live. Nothing changes in
    a folder that already is a project.
    """
    from headwater.cypher.project import FOLDER, SETTINGS, create_project

    existed = (directory / FOLDER).is_dir()
    try:
        project = create_project(directory)
    except OSError as error:
        raise UsageError(
            f"{directory} cannot be made a project: {error.strerror or error}. Name a folder that you may "
            "write to."
        ) from error
    if existed:
        click.echo(f"{project.root} is a project already")
    else:
        click.echo(f"made a project in {project.root}")
        click.echo(f"its settings are in {project.folder / SETTINGS}")
