// The newest job before a moment that made a call itself, rather than be answered with it.
// Parameters: $call, $before (microseconds since the epoch).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (c:CallNode {call_hash: $call})<-[:MADE]-(j:Job)
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction')
  AND ($as_of IS NULL OR j.finished <= $as_of)
  AND j.started < datetime({epochSeconds: $before / 1000000, nanosecond: ($before % 1000000) * 1000})
RETURN j.id AS id, j.execution_id AS execution, j.task_name AS task, j.task_hash AS task_hash, j.status AS status,
       j.started AS started, c.call_hash AS call
ORDER BY started DESC, id LIMIT 1
