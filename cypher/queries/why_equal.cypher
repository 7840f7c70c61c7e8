// The jobs that made calls with one cache key (the task with its arguments), or were answered with them, newest first.
// Parameters: $eval_hash, $before (microseconds since the epoch), $limit.
MATCH (c:CallNode {eval_hash: $eval_hash})<-[:MADE]-(j:Job)
WHERE j.started < datetime({epochSeconds: $before / 1000000, nanosecond: ($before % 1000000) * 1000})
RETURN j.id AS id, j.execution_id AS execution, j.task_name AS task, j.task_hash AS task_hash, j.status AS status,
       j.started AS started, c.call_hash AS call, c.failed AS failed, c.cacheable AS cacheable, j.error AS error
ORDER BY started DESC, id LIMIT $limit
