// Jobs with their parents and the calls that they and their parents made.
// Parameters: $keys (job ids).
UNWIND $keys AS key
MATCH (j:Job {id: key})
OPTIONAL MATCH (j)<-[:SPAWNED]-(p:Job)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
OPTIONAL MATCH (p)-[:MADE]->(d:CallNode)
RETURN key AS id, j.execution_id AS execution, j.task_name AS task, j.task_hash AS task_hash, j.status AS status,
       j.started AS started, c.call_hash AS call, p.id AS parent, d.call_hash AS parent_call, j.eval_hash AS eval_hash,
       j.reason AS reason, j.error AS error
