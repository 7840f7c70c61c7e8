"""What a fingerprint is made of."""

from __future__ import annotations

import hashlib


class Part:
    """One thing that counts: its text, and what it reads."""

    def __init__(self, kind: str, name: str, text: str, where: str) -> None:
        self.kind = kind
        self.name = name
        self.text = text
        self.where = where
        self.digest_hex = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
        self.edges: list[tuple[str, str]] = []
        """(the name as it is read, the number of the part or a label for what does not count)"""
