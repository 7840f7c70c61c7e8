// The files that calls took, or named without having made them, with the time of the last such call. (Code is recorded
// like files, and is none; of folders and patterns, the files in them count; what was missing is no origin.)
// Parameters: none.
MATCH (f:File)<-[:REFERS_TO]-(:Value)<-[:TOOK]-(c:CallNode)
WHERE NOT f.evidence IN ['class', 'function', 'task', 'folder', 'glob', 'folder-content', 'glob-content', 'missing']
RETURN f.file_hash AS file, f.path AS path, max(c.recorded_at) AS at
UNION ALL
MATCH (c:CallNode)
WHERE c.named IS NOT NULL
UNWIND c.named AS file
MATCH (f:File {file_hash: file})
WHERE NOT f.evidence IN ['class', 'function', 'task', 'folder', 'glob', 'folder-content', 'glob-content', 'missing']
RETURN file, f.path AS path, max(c.recorded_at) AS at
