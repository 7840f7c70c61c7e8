// The recorded contents of files whose path begins in one of some ways. (Code is recorded like files, and is none.)
// Parameters: $beginnings.
UNWIND $beginnings AS beginning
MATCH (f:File)
WHERE f.path STARTS WITH beginning AND NOT f.evidence IN ['class', 'function', 'task']
RETURN DISTINCT f.file_hash AS file, f.path AS path
