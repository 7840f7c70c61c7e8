"""Neo4j's Python driver, imported when it is first needed, quickly and quietly."""

from __future__ import annotations

import logging
import sys
from functools import cache
from types import ModuleType


@cache
def load_driver() -> ModuleType:
    """The `neo4j` module.

    On import the driver imports numpy, pandas and pyarrow where they are installed (half a second) to accept their
    types as parameters. Nothing here sends such parameters, so it is told that they are not there, unless the user's
    own code has imported the driver, or pandas, before. The driver's log stays off the terminal unless somebody has
    set it up.
    """
    if "neo4j" not in sys.modules and "pandas" not in sys.modules:
        absent = ModuleType("neo4j._optional_deps")
        absent.__dict__.update(np=None, pd=None, pa=None, pa_compute=None)
        sys.modules.setdefault(absent.__name__, absent)
    try:
        import neo4j
    except BaseException:
        # After Ctrl-C its modules would stay without their package, and the next import would leave them out of it.
        for name in [name for name in sys.modules if name.partition(".")[0] == "neo4j"]:
            del sys.modules[name]
        raise

    logger = logging.getLogger("neo4j")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL + 1)
    return neo4j
