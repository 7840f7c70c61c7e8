"""`python -m benchmarks.objects`: W3 with its files on S3, and how many requests each step makes.

The store is moto's server in this process, over HTTP on this machine; `--latency` seconds pass before it takes a
request, as they would on the way to a real one. Runs are processes of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BUCKET = "bench"
_HW = str(Path(sys.executable).with_name("hw"))


class Counting:
    """A WSGI application that counts the requests to another, and takes its time."""

    def __init__(self, app: Callable[..., Any], latency: float) -> None:
        self._app = app
        self._latency = latency
        self.counts: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        kind = "LIST" if "list-type" in environ["QUERY_STRING"] else environ["REQUEST_METHOD"]
        self.counts[kind] += 1
        time.sleep(self._latency)
        return self._app(environ, start)


@contextmanager
def _server(latency: float) -> Iterator[Counting]:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, *_: Any) -> None:
            return

    counting = Counting(DomainDispatcherApplication(create_backend_app), latency)
    server = make_server("127.0.0.1", 0, counting, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        yield counting
    finally:
        server.shutdown()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.objects", description=__doc__)
    parser.add_argument("--files", type=int, default=2_000, help="how many objects")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds before each answer")
    options = parser.parse_args(argv)
    count = options.files
    print(f"{count:,} objects, {options.latency * 1000:g} ms to the store\n")
    print(
        "| work | step | wall, s | CPU, s | jobs run | requests |", "|---|---|---:|---:|---:|---|", sep="\n"
    )
    with _server(options.latency) as requests:
        import boto3

        client = boto3.client("s3")
        client.create_bucket(Bucket=_BUCKET)
        for work, words in {"named one by one": ["named", "--n", str(count)], "listed": ["listed"]}.items():
            for i in range(count):
                client.put_object(Bucket=_BUCKET, Key=f"in/{i}.txt", Body=b"%d" % i)
            with tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder:
                _hw(folder, "init")
                for step in ("cold", "warm", "one changed"):
                    if step == "one changed":
                        client.put_object(Bucket=_BUCKET, Key=f"in/{count // 2}.txt", Body=b"70")
                    requests.counts.clear()
                    row = _step(folder, words)
                    asked = ", ".join(f"{n:,} {kind}" for kind, n in requests.counts.most_common())
                    print(f"| {work} | {step} | {row} | {asked} |", flush=True)
                _hw(folder, "store", "stop")
    return 0


def _step(folder: str, words: list[str]) -> str:
    flow = str(Path(__file__).parent / "workflows" / "objects.py")
    before, began = os.times(), time.perf_counter()
    out = _hw(folder, "run", flow, words[0], "--folder", f"s3://{_BUCKET}/in", *words[1:], "--json")
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    jobs = json.loads(out)["jobs"]
    return f"{wall:.1f} | {cpu:.1f} | {jobs.get('DONE', 0):,} of {sum(jobs.values()):,}"


def _hw(folder: str, *words: str) -> str:
    return subprocess.run([_HW, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    raise SystemExit(main())
