// When files were last taken by a call; see audit_taken.
// Parameters: $keys (file hashes), $since (of the runs). One row with a list of rows: file, time in microseconds.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (f:File {file_hash: key})<-[:REFERS_TO]-(:Value)<-[:TOOK]-(c:CallNode)
WITH c, collect(DISTINCT key) AS files
MATCH (c)<-[:MADE]-(j:Job)
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction')
  AND ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
WITH files, j.execution_id AS run, max(coalesce(j.finished, j.started)) AS at
MATCH (e:Execution {id: run})
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
UNWIND files AS file
WITH file, max(at) AS at
RETURN collect([file, datetime(at).epochSeconds * 1000000 + at.microsecond]) AS rows
