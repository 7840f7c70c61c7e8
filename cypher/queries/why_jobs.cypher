// Jobs with their parents and the calls that they and their parents made.
// Parameters: $keys (job ids).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (j:Job {id: key})
OPTIONAL MATCH (j)<-[:SPAWNED]-(p:Job)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode) WHERE $as_of IS NULL OR j.finished <= $as_of
OPTIONAL MATCH (p)-[:MADE]->(d:CallNode) WHERE $as_of IS NULL OR p.finished <= $as_of
RETURN key AS id, j.execution_id AS execution, j.task_name AS task, j.task_hash AS task_hash, CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END AS status,
       j.started AS started, c.call_hash AS call, p.id AS parent, d.call_hash AS parent_call, j.eval_hash AS eval_hash,
       CASE WHEN j.finished > $as_of THEN null ELSE j.reason END AS reason, CASE WHEN j.finished > $as_of THEN null ELSE j.error END AS error
