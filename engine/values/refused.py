"""Values that stand for something living in this process, and what to return instead of them."""

from __future__ import annotations

from typing import Any

from headwater.engine.values.walk import Plan, Refused, Walk

_CONSUMED = "it is used up by reading it. Make a list of it first"
_FILE = "an open file belongs to this process. Return File(path), or what was read"
_LOCK = "locks belong to this process. Leave it out (__getstate__), or return the plain data"
_CONNECTION = "a connection belongs to this process. Return what was read from it, or open it inside the task"
_PROCESS = "it runs in this process only. Wait for it and return its result"
_WEAK = "a weak reference does not keep what it points to. Return the object itself"

ADVICE = {
    "generator": _CONSUMED,
    "async_generator": "it is used up by reading it. Collect its items in a list first",
    "coroutine": "it has not run yet. Await it inside the task",
    "module": "modules are code. Import it inside the task instead",
    "frame": "it belongs to a running call. Return the plain data you need of it",
    "traceback": "it belongs to a running call. Return traceback.format_exc() as text",
    "code": "it is bound to one Python version. Return the function, defined at the top of a module",
    "cell": "it belongs to a function's closure. Return what it holds",
    "super": "it belongs to a running call. Return the object itself",
    "io.IOBase": _FILE,
    "_io._IOBase": _FILE,
    "socket.socket": _CONNECTION,
    "_socket.socket": _CONNECTION,
    "ssl.SSLContext": _CONNECTION,
    "sqlite3.Connection": _CONNECTION,
    "sqlite3.Cursor": _CONNECTION,
    "_thread.lock": _LOCK,
    "_thread.RLock": _LOCK,
    "threading._RLock": _LOCK,
    "threading.Condition": _LOCK,
    "threading.Event": _LOCK,
    "threading.Semaphore": _LOCK,
    "threading.Barrier": _LOCK,
    "threading.Thread": _PROCESS,
    "threading.local": _LOCK,
    "_thread._local": _LOCK,
    "subprocess.Popen": _PROCESS,
    "concurrent.futures._base.Future": _PROCESS,
    "concurrent.futures._base.Executor": _PROCESS,
    "_asyncio.Future": "it has not run yet. Await it inside the task",
    "queue.Queue": "it belongs to this process. Return a list of what it holds",
    "_queue.SimpleQueue": "it belongs to this process. Return a list of what it holds",
    "weakref.ReferenceType": _WEAK,
    "weakref": _WEAK,
    "weakref.ProxyType": _WEAK,
    "mmap.mmap": "it is a view of an open file. Return bytes(...) of it, or File(path)",
}
"""by the name of the class or of one of its bases"""

_PICKLED_IO = {"BytesIO", "StringIO"}


def refusal_plan(cls: type) -> Plan | None:
    """A plan that refuses with advice, where the class is known to have no lasting identity."""
    advice = None
    if cls.__module__ in ("builtins", "itertools") and hasattr(cls, "__next__"):
        advice = _CONSUMED
    if cls.__name__ in _PICKLED_IO and cls.__module__ in ("io", "_io"):
        return None
    for base in cls.__mro__:
        name = (
            base.__qualname__ if base.__module__ == "builtins" else f"{base.__module__}.{base.__qualname__}"
        )
        advice = ADVICE.get(name, advice)
    if advice is None:
        return None
    reason = advice

    def refuse(value: Any, _: Walk) -> bytes:
        raise Refused(value, reason)

    return refuse
