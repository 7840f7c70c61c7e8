// The newest job before a moment that made a call with one cache key (the task with its arguments), or was answered with one.
// Parameters: $eval_hash, $before (microseconds since the epoch).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (c:CallNode {eval_hash: $eval_hash})<-[:MADE]-(j:Job)
WHERE ($as_of IS NULL OR j.finished <= $as_of)
  AND j.started < datetime({epochSeconds: $before / 1000000, nanosecond: ($before % 1000000) * 1000})
RETURN j.id AS id, j.execution_id AS execution, j.task_name AS task, j.task_hash AS task_hash, j.status AS status,
       j.started AS started, c.call_hash AS call, c.failed AS failed, c.cacheable AS cacheable, j.error AS error
ORDER BY started DESC, id LIMIT 1
