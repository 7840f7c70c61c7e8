// The jobs of an execution in the order in which they were made, so that a parent comes before its children.
// Parameters: $execution, $limit.
MATCH (j:Job {execution_id: $execution})
WITH j ORDER BY j.n LIMIT $limit
OPTIONAL MATCH (p:Job)-[:SPAWNED]->(j)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
RETURN j.id AS id, j.execution_id AS execution, p.id AS parent, j.n AS n, j.task_name AS task, j.task_hash AS task_hash,
       j.status AS status, j.started AS started, j.finished AS finished, j.executor AS executor, j.attempt AS attempt,
       j.reason AS reason, j.error AS error, c.call_hash AS call
ORDER BY n
