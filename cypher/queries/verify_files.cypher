// Contents of files for comparison with their records.
// Parameters: $keys (file hashes).
UNWIND $keys AS key
MATCH (f:File {file_hash: key})
RETURN key, f.path AS path, f.evidence AS evidence, f.digest AS digest, f.size AS size
