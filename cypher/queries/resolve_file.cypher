// The recorded contents of files, the one that a call took or returned last first.
// Parameters: $paths (in the order in which they are to be tried).
UNWIND range(0, size($paths) - 1) AS place
WITH place, $paths[place] AS path
MATCH (f:File {path: path})
OPTIONAL MATCH (f)<-[:REFERS_TO]-(:Value)<-[:TOOK|RETURNED]-(c:CallNode)
WITH place, f, max(c.recorded_at) AS at
RETURN f.file_hash AS file, f.path AS path, f.evidence AS evidence, f.digest AS digest, at
ORDER BY place, CASE WHEN at IS NULL THEN 1 ELSE 0 END, at DESC, file
