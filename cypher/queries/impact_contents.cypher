// Every recorded content of the file at a path.
// Parameters: $path.
MATCH (f:File {path: $path})
RETURN f.file_hash AS file
ORDER BY file
