// Every recorded content of the file at a path.
// Parameters: $path, $limit.
MATCH (f:File {path: $path})
RETURN f.file_hash AS file, f.path AS path, f.evidence AS evidence, f.digest AS digest, f.size AS size
LIMIT $limit
