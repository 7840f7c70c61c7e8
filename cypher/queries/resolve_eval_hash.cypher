// Calls whose task with its arguments has a hash that begins so, the newest first.
// Parameters: $prefix, $limit.
MATCH (n:CallNode)
WHERE n.eval_hash STARTS WITH $prefix
RETURN n.eval_hash AS eval_hash, n.call_hash AS id, n.task_name AS label, n.recorded_at AS at
ORDER BY at DESC LIMIT $limit
