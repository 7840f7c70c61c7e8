"""`hw prove WHAT`: a proof for outsiders that a record is one of those that were sealed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from headwater.cypher.errors import UsageError

CHECKER = "check_proof.py"


@click.command()
@click.argument("what")
@click.option(
    "--seal", help="The seal to prove it by: a number or the beginning of an id. Default: the newest."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write the proof. Default: proof-ID.json, here.",
)
@click.option(
    "--checker", is_flag=True, help=f"Write {CHECKER} beside it, which checks it without headwater."
)
@click.option("--json", "as_json", is_flag=True, help="Print the proof instead of writing a file.")
def command(what: str, seal: str | None, output: Path | None, checker: bool, as_json: bool) -> None:
    """Prove that a record is one of those that were sealed.

    WHAT is a call, a file, a value, a job, a task or a run, as for the other commands. The proof is a JSON file that
    holds the record's bytes, the hashes that lead from it to the root of the tree, and the seal. Whoever has the
    public key checks it with python check_proof.py PROOF.json --public-key KEY, and needs neither headwater nor any
    other record.
    """
    from headwater.cli import _output
    from headwater.cli._reading import find, reading, the_project
    from headwater.lineage.seals.export import find_seal
    from headwater.lineage.seals.prove import prove

    project = the_project()
    with reading(raise_damage=False) as store:
        found = find(store, what)
    proof = prove(project, found, None if seal is None else find_seal(project, seal))
    if as_json:
        _output.emit_json(proof)
        return
    path = output or Path(f"proof-{found.id.replace('-', '')[:12]}.json")
    _write(path, json.dumps(proof, indent=1) + "\n")
    click.echo(_output.one_line(f"{found.kind} {found.label}  {found.id}"))
    number, size = proof["seal"]["number"], proof["seal"]["size"]
    click.echo(f"is record {proof['leaf'] + 1:,} of the {size:,} under seal {number}: {path}")
    if checker:
        from headwater.lineage.seals import check_proof

        beside = path.with_name(CHECKER)
        text = Path(check_proof.__file__).read_text("utf-8")
        if not beside.exists() or beside.read_text("utf-8") != text:
            _write(beside, text)
    click.echo(f"to check it: python {CHECKER} {path.name} --public-key KEY")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already. Name another file with -o, or delete it.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
