"""The histories of the benchmark of scale are what runs would have left: the graph has them, verify finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from headwater.cypher.backlog import catch_up
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.audit import audit
from headwater.lineage.audit_facts import AuditFacts
from headwater.lineage.resolve import resolve
from headwater.lineage.rules import load_rules
from headwater.lineage.trace import trace
from headwater.lineage.verify import verify

from benchmarks import history as made_up
from benchmarks.history import FAILING, History
from benchmarks.questions import measure, questions, wide
from benchmarks.scale import percentile


def count(store: GraphStore, text: str) -> dict[str, int]:
    """Rows of a name and a number."""
    return dict(store.ask(text, {}, timeout=60, limit=100).rows)  # type: ignore[arg-type]


def test_a_history_is_loaded_as_it_was_told_and_verified(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        made_up, "SIZES", ((3, 50), (30, 50))
    )  # files of a run: small ones, so that one fails soon
    history = History(project, calls=1400, seed=5)
    *_, written = history.write()
    told = history.told
    assert written == told.calls >= 1400
    assert told.runs > FAILING, "so that one of them failed"
    assert catch_up(project).complete
    store = open_store(project)
    try:
        assert count(store, "MATCH (c:CallNode) RETURN 'calls', count(c)") == {"calls": told.calls}
        assert count(store, "MATCH (e:Execution) RETURN 'runs', count(e)") == {"runs": told.runs}
        assert count(store, "MATCH (f:File) RETURN 'files', count(f)") == {"files": told.files}
        assert count(store, "MATCH (j:Job) RETURN j.status, count(j)") == told.jobs
        assert told.jobs.keys() == {"DONE", "CACHED", "FAILED"}
        found = verify(project, store)
        assert found.findings == []
        assert found.journals == told.runs
        # Times are in order, equal calls have equal results, and runs take the reports of others.
        rules = load_rules(project.rules, ["clock-skew", "overridden-result"])
        assert audit(store, rules, AuditFacts(store, None), timeout=60).findings == []
        traced = [trace(store, resolve(store, run)) for run in told.roots["run"][:10]]
        assert any(
            file.path.startswith("/out/report")
            for one in traced
            for file in one.files.values()
            if file.made_by
        )
        for question in [*questions(told, each=3), *wide(told)]:
            answers = measure(store, question)
            assert len(answers.seconds) == len(question.about) > 0
            assert all(size >= 0 for size in answers.sizes)
    finally:
        store.close()


def test_one_seed_gives_one_history(local_project: Project, tmp_path: Path) -> None:
    first = History(local_project, calls=500, seed=3)
    again = History(local_project, calls=500, seed=3)
    one = list(first.write())
    for journal in local_project.journals.glob("*.hwj"):
        journal.rename(tmp_path / journal.name)
    assert list(again.write()) == one
    names = {path.name for path in tmp_path.glob("*.hwj")}
    assert {path.name for path in local_project.journals.glob("*.hwj")} == names
    for name in names:
        assert (tmp_path / name).read_bytes() == (local_project.journals / name).read_bytes()


def test_percentiles_are_times_that_were_measured() -> None:
    times = [float(n) for n in range(1, 41)]
    assert percentile(times, 0.5) == 20
    assert percentile(times, 0.95) == 38
    assert percentile([3.0], 0.95) == 3
