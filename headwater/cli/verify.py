"""`hw verify`: the journals' chains, and every record in them, against the graph and the seals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.lineage.seals.files import Statement
    from headwater.lineage.verify_findings import Finding, Verification

LISTED = 50
INTEGRITY = 3


@click.command()
@click.argument("seal", required=False)
@click.option(
    "--public-key",
    "keys",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Who may have signed: a public key, in PEM or hexadecimal digits. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def command(seal: str | None, keys: tuple[Path, ...], as_json: bool) -> int:
    """Check the journals against the graph and the seals.

    Every journal's chain of hashes is followed, and every record is compared with what the graph holds. The tree of
    all records is made anew and compared with every seal, and every signature is checked. SEAL is a file in which a
    seal was kept elsewhere, or the beginning of its id: then it must be among those that are here. What is off is
    named with its place, the first record that is off with what came from it, and the exit code is then 3: a
    journal, a seal, or a file of the value store, whose bytes are not what was written; a record that the graph
    lacks or has otherwise; something in the graph that no journal has.
    """
    from headwater.cli import _output
    from headwater.cli._progress import Waiting
    from headwater.cli._reading import reading, the_project
    from headwater.lineage.seals.keys import read_public
    from headwater.lineage.verify import verify

    public_keys = [read_public(path) for path in keys]
    kept, prefixes = _meant(seal)
    waiting = Waiting("verifying")
    with reading(raise_damage=False) as store:
        try:
            result = verify(
                the_project(),
                store,
                kept=kept,
                seal_prefixes=prefixes,
                public_keys=public_keys,
                progress=lambda now: waiting(_counted(now)),
            )
        finally:
            waiting.clear()
        if as_json:
            _output.emit_json(_as_json(result))
        else:
            show(_lines(result, store.address))
            if result.keys and not keys:
                click.echo(
                    f"note: signed with {', '.join(result.keys)}; whether that is the right key, --public-key says",
                    err=True,
                )
    return INTEGRITY if result.findings else 0


def _meant(seal: str | None) -> tuple[list[Statement], list[str]]:
    """The seals that a file holds, or the beginning of an id."""
    from headwater.lineage.seals.export import SHORTEST, read_kept

    if seal is None:
        return [], []
    if Path(seal).is_file():
        return read_kept(Path(seal)), []
    if len(seal) < SHORTEST or not set(seal.lower()) <= set("0123456789abcdef"):
        raise UsageError(
            f"{seal} is neither a file in which a seal was kept, nor the beginning of a seal's id ({SHORTEST} digits "
            "at least). Which there are: hw seal list"
        )
    return [], [seal.lower()]


def _as_json(result: Verification) -> dict[str, Any]:
    from headwater.lineage.log_views import to_json

    first, below = result.first(), result.downstream
    return {
        "journals": result.journals,
        "groups": result.groups,
        "records": result.records,
        "seals": result.seals,
        "sealed": result.sealed,
        "keys": result.keys,
        "others": result.others,
        "findings": [_finding_json(finding) for finding in result.findings],
        "first": None if first is None else result.findings.index(first),
        "downstream": None if below is None else to_json(below),
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "label": finding.label,
        "key": finding.key,
        "what": finding.what,
        "recorded": finding.recorded,
        "found": finding.found,
        "journal": finding.place and finding.place.journal,
        "group": finding.place and finding.place.group,
        "offset": finding.place and finding.place.offset,
        "record": finding.place and finding.place.record,
    }


def _lines(result: Verification, address: str) -> Iterator[str]:
    from headwater.cli import _output

    for finding in result.findings[:LISTED]:
        yield _output.one_line(_finding(finding))
        if finding.place is not None:
            place = finding.place
            record = "" if finding.kind == "damaged" else f", record {place.record}"
            yield _output.one_line(
                f"    {place.journal}: group {place.group}, at byte {place.offset}{record}"
            )
    if len(result.findings) > LISTED:
        yield f"… and {len(result.findings) - LISTED} more; --json lists all"
    yield from _first(result)
    off = len(result.findings)
    verdict = f"{off} thing{'s are' if off > 1 else ' is'} off" if off else "nothing is off"
    if result.others:
        yield (
            f"{result.others} run{'s' * (result.others > 1)} of other projects are in the same store: "
            "a node that no journal here has may be theirs"
        )
    yield f"{_counted(result)} against {address}: {verdict}"


def _first(result: Verification) -> Iterator[str]:
    """The first record that is off, and what came from it."""
    from headwater.cli import _output

    first, below = result.first(), result.downstream
    if first is None:
        return
    if len(result.findings) > 1:
        yield _output.one_line(f"the first: {_finding(first)}")
    if below is None:
        return
    if below.run is not None:
        yield _output.one_line(f"recorded by run {below.run}")
    counts = [_number(getattr(below, f"{one}s"), one) for one in ("call", "job", "file", "run")]
    yield f"what came from {'it' if len(result.findings) > 1 else 'this'}: {', '.join(counts)}"
    if below.listed:
        rows = [
            (call.call[:12], _output.local_time(call.recorded_at), call.task, call.preview)
            for call in below.listed
        ]
        yield _output.table(["call", "recorded", "task", "result"], rows, indent="  ")
    if below.calls > len(below.listed):
        yield f"  … and {below.calls - len(below.listed):,} more"
    if below.unended or below.perhaps_calls or below.perhaps_files or below.perhaps_runs:
        yield (
            f"and {below.unended:,} job{'s' * (below.unended != 1)} that came to no result; under or after them, "
            f"perhaps {below.perhaps_calls:,} calls, {below.perhaps_files:,} files, {below.perhaps_runs:,} further runs"
        )


def _finding(finding: Finding) -> str:
    from headwater.cli import _output

    subject = f"{finding.kind}  {finding.label} {finding.key}"
    if finding.kind == "different":
        recorded, found = (_output.cut(repr(value), 80) for value in (finding.recorded, finding.found))
        return f"{subject}: {finding.what} was recorded as {recorded}, the graph has {found}"
    return f"{subject}{': ' if finding.what else ''}{finding.what}"


def _counted(result: Verification) -> str:
    seals = f", {_number(result.seals, 'seal')} over {result.sealed}" if result.seals else ""
    journals, groups = _number(result.journals, "journal"), _number(result.groups, "group")
    return f"{journals}, {groups}, {_number(result.records, 'record')}{seals}"


def _number(count: int, of: str) -> str:
    return f"{count:,} {of}{'s' * (count != 1)}"
