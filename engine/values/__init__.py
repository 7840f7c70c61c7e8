"""Values: their identity, their bytes, and what people see of them.

`docs/explanation/values-and-hashes.md` says how and why.
"""

from headwater.engine.values.canonical import hash_and_files, hash_value
from headwater.engine.values.codecs import Buffer, restore
from headwater.engine.values.described import Described, describe
from headwater.engine.values.names import set_code_fingerprinter, type_name
from headwater.engine.values.own import Checked, ProxyValue, Value
from headwater.engine.values.plans import register_plan
from headwater.engine.values.preview import preview
from headwater.engine.values.scalars import SCALARS, register_scalar
from headwater.engine.values.value_store import ValueStore

__all__ = [
    "SCALARS",
    "Buffer",
    "Checked",
    "Described",
    "ProxyValue",
    "Value",
    "ValueStore",
    "describe",
    "hash_and_files",
    "hash_value",
    "preview",
    "register_plan",
    "register_scalar",
    "restore",
    "set_code_fingerprinter",
    "type_name",
]
