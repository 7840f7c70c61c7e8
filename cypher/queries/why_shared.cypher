// The job of a run that a call with one cache key was left to, or answered by first.
// Parameters: $execution, $eval_hash, $id (the job that was left waiting).
MATCH (j:Job {execution_id: $execution})
WHERE j.eval_hash = $eval_hash AND j.id <> $id
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
RETURN j.id AS id, j.execution_id AS execution, j.task_name AS task, j.task_hash AS task_hash, j.status AS status,
       j.started AS started, c.call_hash AS call, j.reason AS reason, j.n AS n
ORDER BY n LIMIT 1
