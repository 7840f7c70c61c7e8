// The jobs of the runs that began since a moment, with the calls that they made or were answered with.
// Parameters: $since.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
WITH e
MATCH (j:Job {execution_id: e.id})-[:MADE]->(c:CallNode)
WHERE $as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of
RETURN j.id AS job, c.call_hash AS call
