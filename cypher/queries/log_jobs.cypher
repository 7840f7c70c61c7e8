// The jobs of an execution in the order in which they were made, so that a parent comes before its children.
// Parameters: $execution, $limit.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job {execution_id: $execution})
WHERE ($as_of IS NULL OR coalesce(j.started, j.finished) <= $as_of)
WITH j ORDER BY j.n LIMIT $limit
OPTIONAL MATCH (p:Job)-[:SPAWNED]->(j)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode) WHERE $as_of IS NULL OR j.finished <= $as_of
RETURN j.id AS id, j.execution_id AS execution, p.id AS parent, j.n AS n, j.task_name AS task, j.task_hash AS task_hash,
       CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END AS status, j.started AS started,
       CASE WHEN j.finished > $as_of THEN null ELSE j.finished END AS finished, j.executor AS executor, j.attempt AS attempt,
       CASE WHEN j.finished > $as_of THEN null ELSE j.reason END AS reason, CASE WHEN j.finished > $as_of THEN null ELSE j.error END AS error, c.call_hash AS call,
       CASE WHEN j.finished > $as_of THEN null ELSE coalesce(j.prov_off, c.prov_off) END AS prov_off
ORDER BY n
