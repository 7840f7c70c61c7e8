// One call with its task and its result.
// Parameters: $call.
MATCH (c:CallNode {call_hash: $call})
OPTIONAL MATCH (c)-[:OF]->(t:Task)
OPTIONAL MATCH (c)-[:RETURNED]->(v:Value)
RETURN c.call_hash AS call, c.eval_hash AS eval_hash, c.task_name AS task, t.task_hash AS task_hash,
       c.recorded_at AS recorded_at, c.cacheable AS cacheable, c.failed AS failed,
       c.prov_off AS prov_off, v.value_hash AS value, v.type AS type, v.size AS size, v.preview AS preview
