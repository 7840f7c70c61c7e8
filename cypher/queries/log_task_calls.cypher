// The calls of one version of a task, newest first.
// Parameters: $task, $limit.
MATCH (c:CallNode)-[:OF]->(:Task {task_hash: $task})
RETURN c.call_hash AS call, c.task_name AS task, c.recorded_at AS recorded_at, c.failed AS failed
ORDER BY recorded_at DESC LIMIT $limit
