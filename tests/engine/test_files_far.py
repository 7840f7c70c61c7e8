"""Many objects at a URL are looked at together, with the answers that each would give alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from headwater.engine.files.address import open_filesystem
from headwater.engine.files.far_checks import are_far, still_valid_far
from headwater.engine.files.identity import still_valid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater import File, FileSet

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

FATES = ("same", "changed", "gone", "a folder", "content", "never there", "no such bucket")


@contextmanager
def counted_heads(url: str) -> Iterator[list[str]]:
    """The paths that S3 is asked about meanwhile, one by one."""
    asked: list[str] = []
    files, _ = open_filesystem(url)
    files.connect()
    events = files.s3.meta.events

    def note(params: dict[str, Any], **_: object) -> None:
        asked.append(params["Key"])

    events.register("before-parameter-build.s3.HeadObject", note)
    try:
        yield asked
    finally:
        events.unregister("before-parameter-build.s3.HeadObject", note)


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


def test_a_listing_stays_known_while_looks_agree_with_it_and_no_longer(bucket: str) -> None:
    client = boto3.client("s3")
    for name in ("a", "b", "c"):
        client.put_object(Bucket=bucket, Key=f"in/{name}", Body=name.encode())
    with counted_heads(f"s3://{bucket}/") as heads:
        first, second, gone = FileSet(f"s3://{bucket}/in/*").files()
        recorded = [(file.uri, *file.identity[:2]) for file in (first, second, gone)]
        assert still_valid_far(recorded) == [True] * 3
        assert len(heads) == 3
        assert (first.read(), second.read()) == ("a", "b")
        assert len(heads) == 3, "what was listed is opened without a question"
        client.put_object(Bucket=bucket, Key="in/a", Body=b"another")
        client.put_object(Bucket=bucket, Key="in/new", Body=b"new")
        client.delete_object(Bucket=bucket, Key="in/c")
        assert not first.is_valid()
        assert first.read() == "another", "the listing does not say so any more"
        assert [member.basename() for member in FileSet(f"s3://{bucket}/in/*")] == ["a", "b", "new"]


@pytest.mark.parametrize("what", ["new", "gone"])
def test_a_listing_is_forgotten_where_a_look_shows_that_something_came_or_went(
    bucket: str, what: str
) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket=bucket, Key="in/a", Body=b"a")
    (listed,) = FileSet(f"s3://{bucket}/in/*").files()
    if what == "new":
        client.put_object(Bucket=bucket, Key="in/new", Body=b"new")
        assert File(f"s3://{bucket}/in/new").read() == "new"
    else:
        client.delete_object(Bucket=bucket, Key="in/a")
        assert not listed.is_valid()
        with pytest.raises(FileNotFoundError):
            listed.read()
