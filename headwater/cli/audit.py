"""`hw audit [RULES]`: what in the graph is against the rules, for people, programs and build servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._pager import no_pager_option, show
from headwater.cli._times import Moment, as_of_option
from headwater.cypher.errors import UsageError

if TYPE_CHECKING:
    from headwater.lineage.audit import Audit, Finding
    from headwater.lineage.rules import Rule

SEVERITIES = ("note", "warning", "error")
FORMATS = ("text", "json", "sarif", "junit")
LISTED = 20
"""findings of a rule that are shown; the other formats have all"""


@click.command()
@click.argument("rules", nargs=-1, metavar="[RULES]...")
@click.option("--since", type=Moment(), help="Leave out what began before: 2013-01-31, 3d.")
@click.option(
    "--param", multiple=True, metavar="NAME=VALUE", help="A rule's own parameter: JSON, or else text."
)
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, "never"], case_sensitive=False),
    default="warning",
    show_default=True,
    help="Exit with 1 where something new is as severe as this.",
)
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Findings that are known.")
@click.option("--write-baseline", is_flag=True, help="Write what is found into the baseline instead.")
@as_of_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there instead.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.001),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="For each rule.",
)
@click.option("--list", "listing", is_flag=True, help="List the rules.")
@no_pager_option
def command(
    *,
    rules: tuple[str, ...],
    since: datetime | None,
    param: tuple[str, ...],
    fail_on: str,
    baseline: Path | None,
    write_baseline: bool,
    as_of: str | None,
    form: str,
    as_json: bool,
    output: Path | None,
    timeout: float,
    listing: bool,
) -> int:
    """Check the graph against rules.

    RULES are ids of rules or paths of .cypher files; without any, all rules count, headwater's and the project's own in
    .headwater/rules. What is declared of datasets now is recorded first, but not where --as-of asks for the past. The
    rules only read.
    """
    from headwater.cli._changes import record_datasets
    from headwater.cli._progress import Waiting
    from headwater.cli._reading import reading, the_project
    from headwater.lineage import audit_baseline
    from headwater.lineage.audit import audit
    from headwater.lineage.audit_facts import AuditFacts
    from headwater.lineage.rules import load_rules

    project = the_project()
    chosen = load_rules(project.rules, rules)
    form = "json" if as_json else form
    if listing:
        _list(chosen, as_json=form == "json")
        return 0
    if write_baseline and baseline is None:
        raise click.UsageError("--write-baseline needs --baseline FILE", click.get_current_context())
    known = audit_baseline.read_baseline(baseline) if baseline and not write_baseline else frozenset[str]()
    waiting = Waiting("auditing")
    with reading(as_of=as_of) as store:
        if as_of is None:
            record_datasets(project, store)
        try:
            result = audit(
                store,
                chosen,
                AuditFacts(store, since),
                parameters=_parameters(param),
                timeout=timeout,
                progress=lambda rule: waiting(rule.id),
                root=project.root,
            )
        finally:
            waiting.clear()
    if write_baseline:
        assert baseline is not None
        audit_baseline.write_baseline(baseline, result.findings)
        click.echo(f"{len(result.findings)} findings are known from now on: {baseline}")
        return 0
    result.findings = audit_baseline.marked(result.findings, known)
    if form == "text" and output is None:
        show(_lines(result))
    else:
        _give(_rendered(result, form, project.root), output)
    worst = SEVERITIES.index(fail_on.lower()) if fail_on.lower() != "never" else len(SEVERITIES)
    return int(any(SEVERITIES.index(severity) >= worst for severity in result.counts()))


def _parameters(params: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for param in params:
        name, equals, text = param.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--param {param}: a parameter is NAME=VALUE, like --param days=30")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def _list(rules: list[Rule], *, as_json: bool) -> None:
    from headwater.cli import _output

    if as_json:
        _output.emit_json({"rules": [_rule(rule) for rule in rules]})
        return
    rows = [
        (rule.id, rule.severity, "headwater" if rule.is_shipped else "the project", rule.title)
        for rule in rules
    ]
    show([_output.table(["rule", "severity", "from", "title"], rows)])


def _rendered(result: Audit, form: str, root: Path) -> str:
    if form == "json":
        from headwater.cli import _output

        return _output.json_text(_as_json(result))
    if form == "sarif":
        from headwater.lineage.audit_sarif import sarif

        return json.dumps(sarif(result, root), indent=2, ensure_ascii=False)
    if form == "junit":
        from headwater.lineage.audit_junit import junit

        return junit(result).rstrip("\n")
    return "\n".join(_lines(result))


def _give(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error}") from error


def _as_json(result: Audit) -> dict[str, Any]:
    return {
        "rules": [_rule(rule) for rule in result.rules],
        "findings": [
            {
                "rule": finding.rule.id,
                "severity": finding.rule.severity,
                "message": finding.message,
                "nodes": list(finding.nodes),
                "path": finding.path,
                "fingerprint": finding.fingerprint,
                "known": finding.known,
            }
            for finding in result.findings
        ],
        "counts": result.counts(),
        "truncated": result.truncated,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "severity": rule.severity,
        "title": rule.title,
        "why": rule.why,
        "fix": rule.fix,
        "parameters": dict(rule.parameters),
        "file": str(rule.path),
    }


def _lines(result: Audit) -> Iterator[str]:
    from headwater.cli import _output

    new = [finding for finding in result.findings if not finding.known]
    for rule in result.rules:
        found = [finding for finding in new if finding.rule.id == rule.id]
        if found:
            mark = click.style(rule.severity, fg={"error": "red", "warning": "yellow"}.get(rule.severity))
            yield f"{mark}  {rule.id}: {_output.one_line(rule.title)}"
            for finding in found[:LISTED]:
                yield f"  {_output.one_line(finding.message)}"
                yield f"    {_nodes(finding)}"
            if len(found) > LISTED:
                yield f"  … and {len(found) - LISTED} more; --json lists all"
            yield _output.one_line(f"  why: {rule.why}")
            yield _output.one_line(f"  fix: {rule.fix}")
            yield ""
    yield _verdict(result, len(result.findings) - len(new))


def _nodes(finding: Finding) -> str:
    from headwater.cli import _output

    shown = (f"{kind} {key[:13]}" for kind, _, key in (node.partition(":") for node in finding.nodes))
    return _output.one_line(", ".join(shown))


def _verdict(result: Audit, known: int) -> str:
    counts = result.counts()
    words = [
        f"{counts[one]} {one}{'s' * (counts[one] != 1)}" for one in reversed(SEVERITIES) if one in counts
    ]
    beside = f"; {known} known ones are in the baseline" if known else ""
    return f"{len(result.rules)} rule{'s' * (len(result.rules) != 1)}: {', '.join(words) or 'nothing found'}{beside}"
