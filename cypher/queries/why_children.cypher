// The jobs that a job spawned, in their order, with the calls they made.
// Parameters: $id.
MATCH (:Job {id: $id})-[:SPAWNED]->(j:Job)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
RETURN j.id AS id, j.execution_id AS execution, j.task_name AS task, j.task_hash AS task_hash, j.status AS status,
       j.started AS started, c.call_hash AS call, j.reason AS reason, j.n AS n
ORDER BY n
