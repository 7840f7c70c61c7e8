"""`hw verify`: the journals' chains, and every record in them, against the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from headwater.lineage.verify_findings import Finding, Verification

LISTED = 50
INTEGRITY = 3


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
def command(as_json: bool) -> int:
    """Check the journals against the graph.

    Every journal's chain of hashes is followed, and every record is compared with what the graph holds. What is
    off is named with its place, and the exit code is then 3: a journal, or a file of the value store, whose bytes are
    not what was written; a record that the graph lacks or has otherwise; something in the graph that no journal has.
    """
    from headwater.cli import _output
    from headwater.cli._progress import Waiting
    from headwater.cli._reading import reading, the_project
    from headwater.lineage.verify import verify

    waiting = Waiting("verifying")
    with reading(raise_damage=False) as store:
        try:
            result = verify(the_project(), store, progress=lambda now: waiting(_counted(now)))
        finally:
            waiting.clear()
        if as_json:
            _output.emit_json(_as_json(result))
        else:
            for line in _lines(result, store.address):
                click.echo(line)
    return INTEGRITY if result.findings else 0


def _as_json(result: Verification) -> dict[str, Any]:
    return {
        "journals": result.journals,
        "groups": result.groups,
        "records": result.records,
        "others": result.others,
        "findings": [
            {
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
            for finding in result.findings
        ],
    }


def _lines(result: Verification, address: str) -> Iterator[str]:
    from headwater.cli import _output

    for finding in result.findings[:LISTED]:
        yield _output.one_line(_finding(finding))
        if finding.place is not None:
            place = finding.place
            record = "" if finding.kind == "damaged" else f", record {place.record}"
            yield f"    {place.journal}: group {place.group}, at byte {place.offset}{record}"
    if len(result.findings) > LISTED:
        yield f"… and {len(result.findings) - LISTED} more; --json lists all"
    off = len(result.findings)
    verdict = f"{off} thing{'s are' if off > 1 else ' is'} off" if off else "nothing is off"
    if result.others:
        yield (
            f"{result.others} run{'s' * (result.others > 1)} of other projects are in the same store: "
            "a node that no journal here has may be theirs"
        )
    yield f"{_counted(result)} against {address}: {verdict}"


def _finding(finding: Finding) -> str:
    from headwater.cli import _output

    subject = f"{finding.kind}  {finding.label} {finding.key}"
    if finding.kind == "different":
        recorded, found = (_output.cut(repr(value), 80) for value in (finding.recorded, finding.found))
        return f"{subject}: {finding.what} was recorded as {recorded}, the graph has {found}"
    return f"{subject}{': ' if finding.what else ''}{finding.what}"


def _counted(result: Verification) -> str:
    return f"{result.journals} journals, {result.groups} groups, {result.records} records"
