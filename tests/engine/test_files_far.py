"""Many objects at a URL are looked at together, with the answers that each would give alone."""

from __future__ import annotations

import boto3
import pytest
from headwater.engine.files.far_checks import are_far, still_valid_far
from headwater.engine.files.identity import still_valid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater import File

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

FATES = ("same", "changed", "gone", "a folder", "content", "never there", "no such bucket")


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(FATES), min_size=2, max_size=12))
def test_together_they_are_what_each_is_alone(bucket: str, fates: list[str]) -> None:
    client = boto3.client("s3")
    recorded = []
    for i, fate in enumerate(fates):
        key = f"in/{i}.txt"
        if fate != "never there":
            client.put_object(Bucket=bucket, Key=key, Body=b"one")
        where = "nowhere-at-all" if fate == "no such bucket" else bucket
        file = File(f"s3://{bucket}/{key}", evidence="content" if fate == "content" else None)
        kind, digest = file.identity[:2]
        recorded.append((f"s3://{where}/{key}", kind, digest))
    for i, fate in enumerate(fates):
        key = f"in/{i}.txt"
        if fate == "changed":
            client.put_object(Bucket=bucket, Key=key, Body=b"two")
        elif fate in {"gone", "a folder"}:
            client.delete_object(Bucket=bucket, Key=key)
        if fate == "a folder":
            client.put_object(Bucket=bucket, Key=f"{key}/inside", Body=b"")
    alone = [still_valid(*one) for one in recorded]
    assert still_valid_far(recorded) == alone
    assert [fate in {"same", "content", "never there"} for fate in fates] == alone
    for i in range(len(fates)):
        client.delete_object(Bucket=bucket, Key=f"in/{i}.txt/inside")
        client.delete_object(Bucket=bucket, Key=f"in/{i}.txt")


def test_what_one_question_does_not_tell_is_not_asked_together() -> None:
    assert are_far("s3://b/k", "etag")
    assert are_far("https://h/k", "stat")
    assert not are_far("s3://b/k", "content")
    assert not are_far("s3://b/k/", "folder")
    assert not are_far("s3://b/k", "path")
    assert not are_far("/tmp/k", "stat")
    assert not are_far("file:///tmp/k", "stat")


def test_a_store_that_answers_no_questions_together_is_asked_one_by_one() -> None:
    import fsspec

    files = fsspec.filesystem("memory")
    recorded = []
    for i in range(3):
        files.pipe_file(f"/far/{i}", b"one")
        recorded.append((f"memory://far/{i}", *File(f"memory://far/{i}").identity[:2]))
    files.pipe_file("/far/1", b"two, longer")
    assert still_valid_far(recorded) == [True, False, True] == [still_valid(*one) for one in recorded]
