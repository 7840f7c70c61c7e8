// Calls with their tasks and results.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
OPTIONAL MATCH (c)-[:OF]->(t:Task)
OPTIONAL MATCH (c)-[:RETURNED]->(v:Value)
RETURN key, c.task_name AS task, t.task_hash AS task_hash, c.failed AS failed, c.recorded_at AS recorded_at,
       v.value_hash AS value, v.type AS type, v.preview AS preview, c.named AS named
