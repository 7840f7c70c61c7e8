// The files that calls took, or named without having made them, in the runs that began since a moment, with the time of
// the last such call in a run. (Code is recorded like files, and is none; of folders and patterns, the files in them count;
// what was missing is no origin. A job that was answered from the cache took nothing, but where only its single reduction was.)
// Parameters: $since. A row for each run, with a list of rows: file, path, time in microseconds, as in trace_calls.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
WITH e
MATCH (j:Job {execution_id: e.id})-[:MADE]->(c:CallNode)
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction')
  AND ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
WITH e, c, max(coalesce(j.finished, j.started)) AS at
MATCH (c)-[:TOOK]->(:Value)-[:REFERS_TO]->(f:File)
WHERE NOT f.evidence IN ['class', 'function', 'task', 'folder', 'glob', 'folder-content', 'glob-content', 'missing']
WITH e, f, max(at) AS at
RETURN e.id AS run, collect([f.file_hash, f.path, datetime(at).epochSeconds * 1000000 + at.microsecond]) AS rows
UNION ALL
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
WITH e
MATCH (j:Job {execution_id: e.id})-[:MADE]->(c:CallNode)
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction')
  AND ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of) AND c.named IS NOT NULL
WITH e, c, max(coalesce(j.finished, j.started)) AS at
UNWIND c.named AS file
MATCH (f:File {file_hash: file})
WHERE NOT f.evidence IN ['class', 'function', 'task', 'folder', 'glob', 'folder-content', 'glob-content', 'missing']
WITH e, f, max(at) AS at
RETURN e.id AS run, collect([f.file_hash, f.path, datetime(at).epochSeconds * 1000000 + at.microsecond]) AS rows
