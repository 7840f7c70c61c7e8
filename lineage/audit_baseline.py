"""Findings that are known and left as they are for now: a file of their fingerprints, kept in the repository."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from headwater.cypher.errors import UsageError
from headwater.lineage.audit import Finding

_VERSION = 4
"""in 1, fingerprints held ids of runs; in 2, hashes of code and data"""


def read_baseline(path: Path) -> frozenset[str]:
    """The fingerprints in a baseline.

    Raises:
        UsageError: it is not there, or is no baseline.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"there is no baseline {path}. To make one: hw audit --baseline {path} --write-baseline"
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"the baseline {path} cannot be read: {error}") from error
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        raise UsageError(
            f"{path} is no baseline of this headwater: it has no version {_VERSION}. "
            f"To make it anew: hw audit --baseline {path} --write-baseline"
        )
    findings = content.get("findings")
    if not isinstance(findings, list) or not all(
        isinstance(one, dict) and isinstance(one.get("fingerprint"), str) for one in findings
    ):
        raise UsageError(f"{path} is no baseline: findings is a list of objects with a fingerprint each")
    return frozenset(one["fingerprint"] for one in findings)


def write_baseline(path: Path, findings: Sequence[Finding]) -> None:
    """Write down that these findings are known.

    Raises:
        UsageError: the file cannot be written.
    """
    listed = [
        {"rule": one.rule.id, "fingerprint": one.fingerprint, "message": one.message} for one in findings
    ]
    listed.sort(key=lambda one: (one["rule"], one["fingerprint"]))
    text = json.dumps({"version": _VERSION, "findings": listed}, indent=2, ensure_ascii=False)
    try:
        path.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise UsageError(f"the baseline {path} cannot be written: {error}") from error


def marked(findings: Sequence[Finding], known: frozenset[str]) -> list[Finding]:
    """The findings, with those that a baseline has marked as known."""
    return [replace(one, known=one.fingerprint in known) for one in findings]
