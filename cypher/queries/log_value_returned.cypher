// The calls that returned a value, newest first.
// Parameters: $value, $limit.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (c:CallNode)-[:RETURNED]->(:Value {value_hash: $value})
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
RETURN c.call_hash AS call, c.task_name AS task, c.recorded_at AS recorded_at, c.failed AS failed
ORDER BY recorded_at DESC LIMIT $limit
