"""The driver of Neo4j's protocol, which is imported when it is first needed."""

from __future__ import annotations

import subprocess
import sys

_INTERRUPTED = """
import sys
from headwater.cypher.driver import load_driver

class Interrupted:
    def find_spec(self, name, *_):
        if name == "neo4j._sync":
            sys.meta_path.remove(self)
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted())
try:
    load_driver()
except KeyboardInterrupt:
    assert load_driver().exceptions.Neo4jError
    assert load_driver().GraphDatabase
    print("there")
"""


def test_it_is_there_after_its_import_was_interrupted() -> None:
    done = subprocess.run([sys.executable, "-c", _INTERRUPTED], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("there\n", "", 0)
