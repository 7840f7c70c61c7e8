// The calls of any version of a task that other runs made before a moment, each with its last job, newest first.
// Parameters: $task (full name), $execution (which to leave out), $before (microseconds since the epoch), $limit.
MATCH (t:Task {fullname: $task})<-[:OF]-(c:CallNode)<-[:MADE]-(j:Job)
WHERE j.execution_id <> $execution
  AND j.started < datetime({epochSeconds: $before / 1000000, nanosecond: ($before % 1000000) * 1000})
WITH t, c, j ORDER BY j.started DESC, j.id
WITH t, c, collect(j)[0] AS j
RETURN j.id AS id, j.execution_id AS execution, j.task_name AS task, t.task_hash AS task_hash, j.status AS status,
       j.started AS started, c.call_hash AS call
ORDER BY started DESC, id LIMIT $limit
