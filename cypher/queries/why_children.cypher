// The jobs that some jobs spawned, each one's in their order, with the calls they made.
// Parameters: $keys (job ids).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (:Job {id: key})-[:SPAWNED]->(j:Job)
WHERE $as_of IS NULL OR coalesce(j.started, j.finished) <= $as_of
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode) WHERE $as_of IS NULL OR j.finished <= $as_of
RETURN j.id AS id, j.execution_id AS execution, j.task_name AS task, j.task_hash AS task_hash, CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END AS status,
       j.started AS started, c.call_hash AS call, CASE WHEN j.finished > $as_of THEN null ELSE j.reason END AS reason,
       j.n AS n, j.eval_hash AS eval_hash, key
ORDER BY n
