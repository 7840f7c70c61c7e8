// The calls that took a value as an argument, newest first.
// Parameters: $value, $limit.
MATCH (c:CallNode)-[:TOOK]->(:Value {value_hash: $value})
WITH DISTINCT c
RETURN c.call_hash AS call, c.task_name AS task, c.recorded_at AS recorded_at, c.failed AS failed
ORDER BY recorded_at DESC LIMIT $limit
