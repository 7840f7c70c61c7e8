"""headwater: lazy tasks, cached reductions, and the lineage of every result in a graph.

Everything a user needs is importable from here, and nowhere else. Names load on first use, so that
`headwater --help` does not pay for the engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from headwater._version import __version__
from headwater._version import __version__ as version

if TYPE_CHECKING:
    from headwater.cypher.errors import (
        HeadwaterError,
        InternalError,
        StoreError,
        StoreRefused,
        StoreUnavailable,
        UsageError,
    )
    from headwater.cypher.project import Project, create_project, find_project, open_project
    from headwater.cypher.tag_names import (
        ANY_VALUE,
        format_tag_key_value,
        format_tag_value,
        parse_tag_key_value,
        parse_tag_value,
    )
    from headwater.engine.applied_tags import apply_tags
    from headwater.engine.background import fork_thread, join_thread
    from headwater.engine.combinators import (
        apply_func,
        as_task,
        compose,
        const,
        delay,
        eval_,
        flat_map,
        flatten,
        force,
        identity,
        len_,
        map_,
        starmap,
        with_export_options,
        zip_,
    )
    from headwater.engine.context import get_context, get_context_value
    from headwater.engine.current import get_current_scheduler, set_current_scheduler
    from headwater.engine.datasets import Dataset
    from headwater.engine.dryrun import DryRunResult
    from headwater.engine.errors import (
        CallError,
        Cancelled,
        NoCurrentScheduler,
        ScriptError,
        TaskDefinitionError,
        TaskTimeout,
        TooLarge,
        Undecodable,
        UnknownExecutor,
        UnknownTask,
        Unrecordable,
        WorkerDied,
    )
    from headwater.engine.expression import Expression
    from headwater.engine.expression_codec import quote
    from headwater.engine.federated import federated_task
    from headwater.engine.file_cache import FileCache
    from headwater.engine.files import (
        ContentDir,
        ContentFile,
        ContentFileSet,
        ContentStagingDir,
        ContentStagingFile,
        Dir,
        File,
        FileSet,
        IDir,
        IFile,
        IFileSet,
        IStagingDir,
        IStagingFile,
        ShardedDataset,
        StagingDir,
        StagingFile,
        read_frame,
        write_frame,
    )
    from headwater.engine.handle import Handle, merge_handles
    from headwater.engine.hashing import hash_stream, hash_struct
    from headwater.engine.namespace import get_current_namespace, namespace
    from headwater.engine.options import CacheResult, CacheScope, CheckValid
    from headwater.engine.partial import PartialTask
    from headwater.engine.promise import Promise, wait_promises
    from headwater.engine.reasons import Reason
    from headwater.engine.registry import TaskRegistry, get_task_registry
    from headwater.engine.root import root_task
    from headwater.engine.scheduler import Scheduler, run
    from headwater.engine.scheduler_tasks import SchedulerTask, scheduler_task
    from headwater.engine.script import get_task_command, prepare_command, script
    from headwater.engine.signature import JobInfo
    from headwater.engine.special import catch, catch_all, cond, evaluate, result_of, seq, throw
    from headwater.engine.subrun import subrun
    from headwater.engine.task import Task, task
    from headwater.engine.tools import copy_dir, copy_file, copy_files, debug_task, render_template
    from headwater.engine.unrecorded import no_prov
    from headwater.engine.values import ProxyValue, Value
    from headwater.engine.wrapping import wraps_task
    from headwater.looking import log, trace
    from headwater.rehearsal import Rehearsal

_NAMES = {
    "headwater.cypher.errors": (
        "HeadwaterError InternalError StoreError StoreRefused StoreUnavailable UsageError"
    ),
    "headwater.cypher.project": "Project create_project find_project open_project",
    "headwater.cypher.tag_names": "ANY_VALUE format_tag_key_value format_tag_value parse_tag_key_value parse_tag_value",
    "headwater.engine.applied_tags": "apply_tags",
    "headwater.engine.background": "fork_thread join_thread",
    "headwater.engine.combinators": (
        "apply_func as_task compose const delay eval_ flat_map flatten force identity len_ map_ starmap "
        "with_export_options zip_"
    ),
    "headwater.engine.context": "get_context get_context_value",
    "headwater.engine.current": "get_current_scheduler set_current_scheduler",
    "headwater.engine.datasets": "Dataset",
    "headwater.engine.dryrun": "DryRunResult",
    "headwater.engine.errors": (
        "CallError Cancelled NoCurrentScheduler ScriptError TaskDefinitionError TaskTimeout TooLarge "
        "Undecodable UnknownExecutor UnknownTask Unrecordable WorkerDied"
    ),
    "headwater.engine.expression": "Expression",
    "headwater.engine.expression_codec": "quote",
    "headwater.engine.federated": "federated_task",
    "headwater.engine.file_cache": "FileCache",
    "headwater.engine.files": (
        "ContentDir ContentFile ContentFileSet ContentStagingDir ContentStagingFile Dir File FileSet IDir IFile "
        "IFileSet IStagingDir IStagingFile ShardedDataset StagingDir StagingFile read_frame write_frame"
    ),
    "headwater.engine.handle": "Handle merge_handles",
    "headwater.engine.hashing": "hash_stream hash_struct",
    "headwater.engine.namespace": "get_current_namespace namespace",
    "headwater.engine.options": "CacheResult CacheScope CheckValid",
    "headwater.engine.partial": "PartialTask",
    "headwater.engine.promise": "Promise wait_promises",
    "headwater.engine.reasons": "Reason",
    "headwater.engine.registry": "TaskRegistry get_task_registry",
    "headwater.engine.root": "root_task",
    "headwater.engine.scheduler": "Scheduler run",
    "headwater.engine.scheduler_tasks": "SchedulerTask scheduler_task",
    "headwater.engine.script": "get_task_command prepare_command script",
    "headwater.engine.signature": "JobInfo",
    "headwater.engine.special": "catch catch_all cond evaluate result_of seq throw",
    "headwater.engine.subrun": "subrun",
    "headwater.engine.task": "Task task",
    "headwater.engine.tools": "copy_dir copy_file copy_files debug_task render_template",
    "headwater.engine.unrecorded": "no_prov",
    "headwater.engine.values": "ProxyValue Value",
    "headwater.engine.wrapping": "wraps_task",
    "headwater.looking": "log trace",
    "headwater.rehearsal": "Rehearsal",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = [
    "ANY_VALUE",
    "CacheResult",
    "CacheScope",
    "CallError",
    "Cancelled",
    "CheckValid",
    "ContentDir",
    "ContentFile",
    "ContentFileSet",
    "ContentStagingDir",
    "ContentStagingFile",
    "Dataset",
    "Dir",
    "DryRunResult",
    "Expression",
    "File",
    "FileCache",
    "FileSet",
    "Handle",
    "HeadwaterError",
    "IDir",
    "IFile",
    "IFileSet",
    "IStagingDir",
    "IStagingFile",
    "InternalError",
    "JobInfo",
    "NoCurrentScheduler",
    "PartialTask",
    "Project",
    "Promise",
    "ProxyValue",
    "Reason",
    "Rehearsal",
    "Scheduler",
    "SchedulerTask",
    "ScriptError",
    "ShardedDataset",
    "StagingDir",
    "StagingFile",
    "StoreError",
    "StoreRefused",
    "StoreUnavailable",
    "Task",
    "TaskDefinitionError",
    "TaskRegistry",
    "TaskTimeout",
    "TooLarge",
    "Undecodable",
    "UnknownExecutor",
    "UnknownTask",
    "Unrecordable",
    "UsageError",
    "Value",
    "WorkerDied",
    "__version__",
    "apply_func",
    "apply_tags",
    "as_task",
    "catch",
    "catch_all",
    "compose",
    "cond",
    "const",
    "copy_dir",
    "copy_file",
    "copy_files",
    "create_project",
    "debug_task",
    "delay",
    "eval_",
    "evaluate",
    "federated_task",
    "find_project",
    "flat_map",
    "flatten",
    "force",
    "fork_thread",
    "format_tag_key_value",
    "format_tag_value",
    "get_context",
    "get_context_value",
    "get_current_namespace",
    "get_current_scheduler",
    "get_task_command",
    "get_task_registry",
    "hash_stream",
    "hash_struct",
    "identity",
    "join_thread",
    "len_",
    "log",
    "map_",
    "merge_handles",
    "namespace",
    "no_prov",
    "open_project",
    "parse_tag_key_value",
    "parse_tag_value",
    "prepare_command",
    "quote",
    "read_frame",
    "render_template",
    "result_of",
    "root_task",
    "run",
    "scheduler_task",
    "script",
    "seq",
    "set_current_scheduler",
    "starmap",
    "subrun",
    "task",
    "throw",
    "trace",
    "version",
    "wait_promises",
    "with_export_options",
    "wraps_task",
    "write_frame",
    "zip_",
]


if not TYPE_CHECKING:  # or every name would exist to a type checker

    def __getattr__(name: str) -> Any:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'headwater' has no attribute {name!r}")
        value = getattr(import_module(home), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
