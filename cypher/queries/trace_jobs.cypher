// The first job that ran each call; where it was only ever answered from the cache, the first of these.
// Parameters: $keys (call hashes).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})<-[:MADE]-(j:Job)
WHERE $as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of
WITH key, j ORDER BY CASE WHEN j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction' THEN 0 ELSE 1 END, j.started, j.id
WITH key, collect(j.id) AS jobs
RETURN key, jobs[0] AS job
