// Contents of files for comparison with their records.
// Parameters: $keys (file hashes), $properties (that such a node may have).
UNWIND $keys AS key
MATCH (f:File {file_hash: key})
RETURN key, [name IN keys(f) WHERE NOT name IN $properties] AS extra,
       f.path AS path, f.evidence AS evidence, f.digest AS digest, f.size AS size
