// One content of a file.
// Parameters: $file.
MATCH (f:File {file_hash: $file})
RETURN f.file_hash AS file, f.path AS path, f.evidence AS evidence, f.digest AS digest, f.size AS size
