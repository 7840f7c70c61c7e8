"""`hw seal`: sign what is recorded; the keys for it; keeping seals elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.cypher.project import Project
    from headwater.lineage.seals.files import Seal
    from headwater.lineage.seals.make import Sealed

ID = 16

_KEY = click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The private key. Default: HEADWATER_SEAL_KEY; setting [seal] key; ~/.config/headwater/seal.pem.",
)


@click.group(invoke_without_command=True)
@_KEY
@click.option(
    "--to",
    "places",
    multiple=True,
    metavar="PLACE",
    help="Keep the seal there, too: a folder, a new file, a URL, or git-notes. May be repeated. Setting: [seal] to.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@click.pass_context
def command(context: click.Context, key: Path | None, places: tuple[str, ...], as_json: bool) -> None:
    """Sign all that is recorded.

    What was recorded since the last seal is added to a tree of hashes over all records, and the tree's root is signed
    with the private key. Of runs that go on, whole groups of records are sealed: what they write later comes into the
    next seal. Keep seals elsewhere (--to): whoever can change the records here can change the seals here.
    """
    if context.invoked_subcommand is not None:
        return
    from headwater.cli import _output
    from headwater.cli._reading import the_project
    from headwater.lineage.seals.export import check_place, keep
    from headwater.lineage.seals.keys import key_file, load_key
    from headwater.lineage.seals.make import make_seal

    project = the_project()
    private = load_key(key_file(project, key), project)
    wanted = _places(project, places)
    for place in wanted:
        check_place(project, place)
    done = make_seal(project, private)
    _load(project)
    kept = []
    for place in wanted if done.seal is not None else ():
        assert done.seal is not None
        try:
            kept.append(keep(project, done.seal, place))
        except (OSError, UsageError) as error:
            raise UsageError(
                f"the seal is made, and could not be kept at {place}: {error}. "
                f"To try again: hw seal export {done.seal.statement.number} --to PLACE"
            ) from error
    if as_json:
        _output.emit_json(_done_json(done, kept))
    else:
        for line in _done_lines(done, kept):
            click.echo(line)
        if done.seal is not None and not kept:
            click.echo(
                f"note: kept here alone, it proves nothing against whoever holds its key. To keep it elsewhere: "
                f"hw seal export {done.seal.statement.number} --to PLACE",
                err=True,
            )


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
def keygen(file: Path | None) -> None:
    """Make a private key in FILE, and its public key in FILE.pub.

    The key is an Ed25519 key in a PEM file that nobody but you may read. A file that is there is not overwritten.
    """
    from headwater.cypher.project import find_project
    from headwater.lineage.seals.keys import key_file, make_key

    path = key_file(find_project(), file)
    public, other = make_key(path)
    click.echo(f"private key  {path}  (yours alone: copy it to no place that others can read)")
    click.echo(f"public key   {other}  (for whoever checks)")
    click.echo(public.hex())


@command.command(name="public-key")
@_KEY
def public_key(key: Path | None) -> None:
    """Print the public key of a private one, in PEM."""
    from headwater.cypher.project import find_project
    from headwater.lineage.seals.keys import key_file, load_key, public_pem

    project = find_project()
    click.echo(public_pem(load_key(key_file(project, key), project)), nl=False)


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def list_seals(as_json: bool) -> None:
    """List the seals, oldest first."""
    from headwater.cli import _output
    from headwater.cli._reading import the_project
    from headwater.lineage.seals.files import read_seals

    seals = list(read_seals(the_project()))
    if as_json:
        _output.emit_json([_seal_json(seal) for seal in seals])
    elif not seals:
        click.echo("nothing is sealed yet. Type: hw seal")
    else:
        rows = [
            (
                str(seal.statement.number),
                seal.statement.id[:ID],
                _output.local_time(_moment(seal)),
                f"{seal.statement.size:,}",
                seal.statement.key[:ID],
            )
            for seal in seals
        ]
        show([_output.table(["seal", "id", "made", "records", "key"], rows, right=["seal", "records"])])


@command.command()
@click.argument("seal")
@click.option(
    "--to",
    "places",
    multiple=True,
    required=True,
    metavar="PLACE",
    help="A folder, a new file, a URL, or git-notes. May be repeated.",
)
def export(seal: str, places: tuple[str, ...]) -> None:
    """Keep a seal elsewhere.

    SEAL is its number, the beginning of its id, or - for the newest. In a folder (one that is there, or a name that
    ends with a slash) each seal gets a file of its own; git-notes adds it to the note of the last commit of the
    project's repository, in refs/notes/headwater.
    """
    from headwater.cli._reading import the_project
    from headwater.lineage.seals.export import find_seal, keep

    project = the_project()
    found = find_seal(project, seal)
    for place in places:
        try:
            click.echo(f"kept in {keep(project, found, place)}")
        except OSError as error:
            raise UsageError(f"the seal could not be kept at {place}: {error.strerror or error}") from error


def _places(project: Project, named: tuple[str, ...]) -> tuple[str, ...]:
    """Where a seal is to be kept: what was typed, else what the settings say, seen from the project's root."""
    setting = project.settings.get("seal", "to", fallback="").strip()
    if named or not setting:
        return named
    if "://" in setting or setting == "git-notes":
        return (setting,)
    return (f"{project.root / setting}{'/' * setting.endswith('/')}",)


def _load(project: Project) -> None:
    """Give the graph the seal; where it is away, the next command that reads does."""
    from headwater.cypher.errors import StoreError
    from headwater.cypher.store import open_store
    from headwater.lineage.seals.files import load_seals

    try:
        store = open_store(project)
        try:
            load_seals(project, store)
        finally:
            store.close()
    except StoreError as error:
        click.echo(f"note: the seal is made, and not in the graph yet: {error}", err=True)


def _done_lines(done: Sealed, kept: list[str]) -> Iterator[str]:
    if done.seal is None:
        yield "nothing is recorded yet, so there is nothing to seal"
        return
    told = done.seal.statement
    if done.made:
        yield f"seal {told.number}  {told.id[:ID]}  over {done.records:,} new records, {told.size:,} in all"
    else:
        yield f"nothing is new since seal {told.number}  {told.id[:ID]}, over {told.size:,} records"
    for place in kept:
        yield f"kept in {place}"
    for run in done.growing:
        yield f"run {run} goes on: its whole groups of records until now are sealed"
    for damage in done.damaged:
        yield f"damaged: {damage}; what is before is sealed"


def _done_json(done: Sealed, kept: list[str]) -> dict[str, Any]:
    return {
        "seal": None if done.seal is None else _seal_json(done.seal),
        "made": done.made,
        "new": done.records,
        "kept": kept,
        "growing": list(done.growing),
        "damaged": [{"journal": Path(one.path).name, "offset": one.offset} for one in done.damaged],
    }


def _seal_json(seal: Seal) -> dict[str, Any]:
    from headwater.cli import _output

    told = seal.statement
    return {
        "number": told.number,
        "id": told.id,
        "previous": told.previous,
        "at": _output.utc_time(_moment(seal)),
        "records": told.size,
        "root": told.root,
        "key": told.key,
        "signature": told.signature,
        "journals": [{"run": span.run, "groups": span.groups, "head": span.head} for span in seal.spans],
    }


def _moment(seal: Seal) -> Any:
    from headwater.lineage.moments import moment

    return moment(seal.statement.at)
