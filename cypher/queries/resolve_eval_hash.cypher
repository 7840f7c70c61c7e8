// Calls whose task with its arguments has a hash that begins so, the newest first.
// Parameters: $prefix, $limit.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (n:CallNode)
WHERE n.eval_hash STARTS WITH $prefix
OPTIONAL MATCH (n)<-[:MADE]-(j:Job) WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction') AND j.finished <= $as_of
WITH n, max(CASE WHEN $as_of IS NULL THEN n.recorded_at ELSE j.finished END) AS at
WHERE $as_of IS NULL OR at IS NOT NULL
RETURN n.eval_hash AS eval_hash, n.call_hash AS id, n.task_name AS label, at
ORDER BY at DESC LIMIT $limit
