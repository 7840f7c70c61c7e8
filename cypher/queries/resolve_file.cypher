// The recorded contents of files, the one that a call took or returned last first.
// Parameters: $paths (in the order in which they are to be tried).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND range(0, size($paths) - 1) AS place
WITH place, $paths[place] AS path
MATCH (f:File {path: path})
OPTIONAL MATCH (f)<-[:REFERS_TO]-(:Value)<-[:TOOK|RETURNED]-(c:CallNode)
OPTIONAL MATCH (c)<-[:MADE]-(j:Job) WHERE j.finished <= $as_of
WITH place, f, max(CASE WHEN $as_of IS NULL THEN c.recorded_at ELSE j.finished END) AS at
WHERE $as_of IS NULL OR at IS NOT NULL
RETURN f.file_hash AS file, f.path AS path, f.evidence AS evidence, f.digest AS digest, at
ORDER BY place, CASE WHEN at IS NULL THEN 1 ELSE 0 END, at DESC, file
