"""Files as values: what is in them decides whether results that came from them still hold."""

from headwater.engine.files.file import ContentFile, File
from headwater.engine.files.identity import Identity, file_hash, identify, still_valid

__all__ = ["ContentFile", "File", "Identity", "file_hash", "identify", "still_valid"]
