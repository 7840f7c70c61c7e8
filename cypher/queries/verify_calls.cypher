// Calls with their task, arguments and result, for comparison with their records.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
OPTIONAL MATCH (c)-[:OF]->(t:Task)
WITH key, c, collect(t.task_hash) AS tasks
OPTIONAL MATCH (c)-[:RETURNED]->(v:Value)
WITH key, c, tasks, collect(v.value_hash) AS results
OPTIONAL MATCH (c)-[a:TOOK]->(w:Value)
RETURN key, c.eval_hash AS eval_hash, c.args_hash AS args_hash, c.failed AS failed, tasks, results,
       collect([w.value_hash, a.name, a.position]) AS arguments, c.recorded_at AS recorded_at, c.cacheable AS cacheable,
       c.context AS context
