"""An audit as JUnit XML, which build servers show as tests: a suite a rule, a case a finding."""

from __future__ import annotations

from xml.etree import ElementTree as etree

from headwater.lineage.audit import Audit, Finding
from headwater.lineage.rules import Rule

_ILLEGAL = dict.fromkeys((*range(32), *range(55296, 57344), 65534, 65535), "�")
for _kept in (9, 10, 13):
    del _ILLEGAL[_kept]


def junit(audit: Audit) -> str:
    """The report as XML. A rule without a finding is one case that passed; a known finding is one that was skipped."""
    suites = etree.Element("testsuites", name="hw audit")
    for rule in audit.rules:
        found = [finding for finding in audit.findings if finding.rule.id == rule.id]
        failed = sum(1 for finding in found if not finding.known)
        suite = etree.SubElement(
            suites,
            "testsuite",
            name=rule.id,
            tests=str(len(found) or 1),
            failures=str(failed),
            errors="0",
            skipped=str(len(found) - failed),
            time="0",
        )
        if not found:
            etree.SubElement(suite, "testcase", classname=rule.id, name=_clean(rule.title), time="0")
        for finding in found:
            _case(suite, rule, finding)
    etree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + etree.tostring(suites, encoding="unicode") + "\n"


def _case(suite: etree.Element, rule: Rule, finding: Finding) -> None:
    name = _clean(f"{finding.message} [{finding.fingerprint[:8]}]")
    case = etree.SubElement(suite, "testcase", classname=rule.id, name=name, time="0")
    if finding.known:
        etree.SubElement(case, "skipped")
        return
    lines = [
        rule.title,
        f"why: {rule.why}",
        f"fix: {rule.fix}",
        *finding.nodes,
        *filter(None, [finding.path]),
    ]
    failure = etree.SubElement(case, "failure", message=_clean(finding.message), type=rule.severity)
    failure.text = _clean("\n".join(lines))


def _clean(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return text.translate(_ILLEGAL)
