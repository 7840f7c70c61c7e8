"""Files as values: what is in them decides whether results that came from them still hold."""

from headwater.engine.files.base import Artefact
from headwater.engine.files.evidence import Identity, file_hash
from headwater.engine.files.file import ContentFile, File, IFile
from headwater.engine.files.folder import ContentDir, Dir, IDir
from headwater.engine.files.identity import identify, still_valid
from headwater.engine.files.members import ContentFileSet, FileSet, IFileSet
from headwater.engine.files.sharded import ShardedDataset
from headwater.engine.files.staging import (
    ContentStagingDir,
    ContentStagingFile,
    IStagingDir,
    IStagingFile,
    Staging,
    StagingDir,
    StagingFile,
)
from headwater.engine.files.tables import read_frame, write_frame
from headwater.engine.files.written import was_there

__all__ = [
    "Artefact",
    "ContentDir",
    "ContentFile",
    "ContentFileSet",
    "ContentStagingDir",
    "ContentStagingFile",
    "Dir",
    "File",
    "FileSet",
    "IDir",
    "IFile",
    "IFileSet",
    "IStagingDir",
    "IStagingFile",
    "Identity",
    "ShardedDataset",
    "Staging",
    "StagingDir",
    "StagingFile",
    "file_hash",
    "identify",
    "read_frame",
    "still_valid",
    "was_there",
    "write_frame",
]
