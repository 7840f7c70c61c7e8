// The calls of any version of a task that some runs made before a moment, each with its last job, newest first.
// Parameters: $task (full name), $runs (ids), $before (microseconds since the epoch), $limit.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $runs AS run
MATCH (j:Job {execution_id: run})
WHERE j.task_name = $task
  AND ($as_of IS NULL OR j.finished <= $as_of)
  AND j.started < datetime({epochSeconds: $before / 1000000, nanosecond: ($before % 1000000) * 1000})
MATCH (j)-[:MADE]->(c:CallNode)
WITH c, j ORDER BY j.started DESC, j.id
WITH c, collect(j)[0] AS j
RETURN j.id AS id, j.execution_id AS execution, j.task_name AS task, j.task_hash AS task_hash, j.status AS status,
       j.started AS started, c.call_hash AS call
ORDER BY started DESC, id LIMIT $limit
