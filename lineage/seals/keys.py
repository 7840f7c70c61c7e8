"""Keys that seals are signed with: Ed25519, in PEM files that nobody but their owner may read.

A private key never comes into the graph, a journal, a log or a message; of a public one, seals name all 32 bytes.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.cypher.errors import UsageError
from headwater.lineage.seals.check_proof import Wrong, read_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from headwater.cypher.project import Project

PUBLIC = ".pub"
"""what the file of a public key is called after its private one's name"""
VARIABLE = "HEADWATER_SEAL_KEY"


def key_file(project: Project | None, named: Path | None) -> Path:
    """The file of the private key: the one that is named, or the environment's, the settings', the user's own."""
    if named is not None:
        return named
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    setting = project.settings.get("seal", "key", fallback="").strip() if project is not None else ""
    if project is not None and setting:
        return project.root / Path(setting).expanduser()
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return home / "headwater" / "seal.pem"


def make_key(path: Path) -> tuple[bytes, Path]:
    """Make a private key in a new file that its owner alone may read, and its public key beside it.

    Returns:
        the public key's 32 bytes, and the file that has it.

    Raises:
        UsageError: one of the files is there already, or cannot be written.
    """
    private_bytes, public_pem, public = _new_key()
    other = path.with_name(path.name + PUBLIC)
    for file in (path, other):
        if file.exists() or file.is_symlink():
            raise UsageError(f"{file} is there already, and a key is never overwritten. Name another file.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_new(path, private_bytes, 0o600)
        _write_new(other, public_pem, 0o644)
    except OSError as error:
        raise UsageError(f"{error.filename or path} cannot be written: {error.strerror or error}") from error
    return public, other


def load_key(path: Path, project: Project | None = None) -> Ed25519PrivateKey:
    """The private key in a file.

    Raises:
        UsageError: there is none, others than its owner may read it, it lies among what it is to seal, or it is no
            Ed25519 key.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(1 << 16)
    except OSError as error:
        raise UsageError(
            f"the key {path} cannot be read: {error.strerror or error}. To make one: hw seal keygen {path}"
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(f"others than its owner may read or write the key {path}. Type: chmod 600 {path}")
    if project is not None and path.resolve().is_relative_to(project.folder.resolve()):
        raise UsageError(
            f"the key {path} lies in {project.folder}, among what it is to seal: whoever can change that could sign it "
            "again. Keep the key elsewhere."
        )
    _need_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        why = "it has a passphrase" if isinstance(error, TypeError) else "it is no private key in PEM"
        raise UsageError(f"the key {path} cannot be used: {why}. To make one: hw seal keygen FILE") from None
    except UnsupportedAlgorithm as error:
        raise UsageError(f"the key {path} cannot be used: {error}") from None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise UsageError(f"the key {path} is no Ed25519 key. To make one: hw seal keygen FILE")
    return key


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public key."""
    from cryptography.hazmat.primitives import serialization

    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def public_pem(key: Ed25519PrivateKey) -> str:
    """The public key as a PEM file holds it."""
    from cryptography.hazmat.primitives import serialization

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def read_public(path: Path) -> bytes:
    """The 32 bytes of the public key in a file, in PEM or as hexadecimal digits.

    Raises:
        UsageError: there is none.
    """
    try:
        return read_public_key(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"the public key {path} cannot be read: {why}") from error
    except Wrong as error:
        raise UsageError(f"{path}: {error}") from None


def _new_key() -> tuple[bytes, bytes, bytes]:
    _need_cryptography()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, public_pem(key).encode(), public_bytes(key)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(file, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _need_cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise UsageError("signing needs cryptography. Type: pip install 'headwater[seal]'") from error
