// The files inside a value.
// Parameters: $value, $limit.
MATCH (:Value {value_hash: $value})-[:REFERS_TO]->(f:File)
RETURN f.file_hash AS file, f.path AS path, f.evidence AS evidence, f.digest AS digest, f.size AS size
ORDER BY path LIMIT $limit
