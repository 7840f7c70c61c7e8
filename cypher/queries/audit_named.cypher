// When files were last named by a call that did not make them, be it only in the expression that it returned; see audit_taken.
// Parameters: $since (of the runs). Rows: file, time in microseconds.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (c:CallNode)
WHERE c.named IS NOT NULL
MATCH (c)<-[:MADE]-(j:Job)
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction')
  AND ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
WITH c, j.execution_id AS run, max(coalesce(j.finished, j.started)) AS at
MATCH (e:Execution {id: run})
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
UNWIND c.named AS file
WITH file, max(at) AS at
RETURN file, datetime(at).epochSeconds * 1000000 + at.microsecond AS at
