"""An audit as SARIF 2.1.0 (OASIS), which code hosts show beside the code."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from headwater.cypher.project import FOLDER, SETTINGS
from headwater.lineage.audit import Audit, Finding
from headwater.lineage.rules import Rule

from headwater._version import __version__

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_FINGERPRINT = "headwaterFinding/v4"


def sarif(audit: Audit, root: Path) -> dict[str, Any]:
    """The log of one audit.

    Args:
        root: the project's folder; files in it are named relative to it.
    """
    places = {rule.id: place for place, rule in enumerate(audit.rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "headwater",
                        "semanticVersion": __version__,
                        "rules": [_rule(rule) for rule in audit.rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, places[finding.rule.id], root) for finding in audit.findings],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: Finding, place: int, root: Path) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "ruleIndex": place,
        "level": finding.rule.severity,
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(finding.path, root)}},
                "logicalLocations": [
                    {"fullyQualifiedName": node, "kind": node.partition(":")[0]} for node in finding.nodes
                ],
            }
        ],
        "partialFingerprints": {_FINGERPRINT: finding.fingerprint},
    }
    if finding.known:
        result["suppressions"] = [{"kind": "external", "justification": "in the baseline"}]
    return result


def _uri(path: str | None, root: Path) -> str:
    """Where a finding is shown: its file; what is about none is shown at the project's settings."""
    if path is None:
        return f"{FOLDER}/{SETTINGS}"
    if "://" in path:
        return quote(path, safe="/:@%?=&+,;~")
    file = Path(path)
    if file.is_relative_to(root):
        file = file.relative_to(root)
    return file.as_uri() if file.is_absolute() else quote(file.as_posix())
