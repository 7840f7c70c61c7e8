"""`hw prove WHAT`: a proof for outsiders that a record is one of those that were sealed; or that one seal goes on from
another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from headwater.cypher.errors import UsageError

CHECKER = "check_proof.py"


@click.command()
@click.argument("what", required=False)
@click.option(
    "--seal", help="The seal to prove it by: a number or the beginning of an id. Default: the newest."
)
@click.option(
    "--between",
    nargs=2,
    metavar="SEAL SEAL",
    help="Instead of WHAT: prove that the later of two seals covers all that the earlier does, unchanged.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write the proof. Default: proof-ID.json or proof-N-M.json, here.",
)
@click.option(
    "--checker", is_flag=True, help=f"Write {CHECKER} beside it, which checks it without headwater."
)
@click.option("--json", "as_json", is_flag=True, help="Print the proof instead of writing a file.")
def command(
    *,
    what: str | None,
    seal: str | None,
    between: tuple[str, str] | None,
    output: Path | None,
    checker: bool,
    as_json: bool,
) -> None:
    """Prove that a record is one of those that were sealed.

    WHAT is a call, a file, a value, a job, a task or a run, as for the other commands. The proof is a JSON file that
    holds the record's bytes, the hashes that lead from it to the root of the tree, and the seal. Whoever has the
    public key checks it with python check_proof.py PROOF.json --public-key KEY, and needs neither headwater nor any
    other record. With --between, it holds two seals and the hashes that lead from the one to the other.
    """
    from headwater.cli import _output

    if (what is None) == (between is None) or (between and seal):
        raise UsageError("prove WHAT, by a --seal if you like; or prove --between SEAL SEAL")
    if between is not None:
        proof, title, told, name = _growth(*between)
    else:
        assert what is not None
        proof, title, told, name = _inclusion(what, seal)
    if as_json:
        _output.emit_json(proof)
        return
    path = output or Path(f"proof-{name}.json")
    _write(path, json.dumps(proof, indent=1) + "\n")
    click.echo(_output.one_line(title))
    click.echo(f"{told}: {path}")
    if checker:
        from headwater.lineage.seals import check_proof

        beside = path.with_name(CHECKER)
        text = Path(check_proof.__file__).read_text("utf-8")
        if not beside.exists() or beside.read_text("utf-8") != text:
            _write(beside, text)
    click.echo(f"to check it: python {CHECKER} {path.name} --public-key KEY")


def _inclusion(what: str, seal: str | None) -> tuple[dict[str, Any], str, str, str]:
    """A proof of a record; what it is about and says, for people; and a name for it."""
    from headwater.cli._reading import find, reading, the_project
    from headwater.lineage.seals.export import find_seal
    from headwater.lineage.seals.prove import prove

    project = the_project()
    with reading(raise_damage=False) as store:
        found = find(store, what)
    proof = prove(project, found, None if seal is None else find_seal(project, seal))
    number, size = proof["seal"]["number"], proof["seal"]["size"]
    told = f"is record {proof['leaf'] + 1:,} of the {size:,} under seal {number}"
    return proof, f"{found.kind} {found.label}  {found.id}", told, found.id.replace("-", "")[:12]


def _growth(one: str, other: str) -> tuple[dict[str, Any], str, str, str]:
    """The same of two seals, for which no store is needed."""
    from headwater.cli._reading import the_project
    from headwater.lineage.seals.export import find_seal
    from headwater.lineage.seals.prove import prove_growth

    project = the_project()
    proof = prove_growth(project, find_seal(project, one), find_seal(project, other))
    older, newer = (proof[which]["seal"] for which in ("older", "newer"))
    told = f"are the first of the {newer['size']:,} under seal {newer['number']}"
    title = f"the {older['size']:,} records under seal {older['number']}"
    return proof, title, told, f"{older['number']}-{newer['number']}"


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already. Name another file with -o, or delete it.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
