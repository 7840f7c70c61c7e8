// Contents of files.
// Parameters: $rows of [file_hash, path, evidence, digest, size].
UNWIND $rows AS r
MERGE (f:File {file_hash: r[0]})
ON CREATE SET f.path = r[1], f.evidence = r[2], f.digest = r[3], f.size = r[4]
