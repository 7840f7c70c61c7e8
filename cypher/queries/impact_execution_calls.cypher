// The calls that an execution ran itself, rather than take them from the cache.
// Parameters: $id.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job {execution_id: $id})-[:MADE]->(c:CallNode)
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction') AND ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
RETURN DISTINCT c.call_hash AS call
