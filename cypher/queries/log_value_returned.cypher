// The calls that returned a value, newest first.
// Parameters: $value, $limit.
MATCH (c:CallNode)-[:RETURNED]->(:Value {value_hash: $value})
RETURN c.call_hash AS call, c.task_name AS task, c.recorded_at AS recorded_at, c.failed AS failed
ORDER BY recorded_at DESC LIMIT $limit
