// Helpers, classes and constants that count in tasks' hashes.
// Parameters: $rows of [code_hash, name, kind, digest, source].
UNWIND $rows AS r
MERGE (c:Code {code_hash: r[0]})
ON CREATE SET c.name = r[1], c.kind = r[2], c.digest = r[3], c.source = r[4]
