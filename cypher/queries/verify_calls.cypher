// Calls with their task, arguments and result, for comparison with their records.
// Parameters: $keys (call hashes), $properties (that such a node may have).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
OPTIONAL MATCH (c)-[:OF]->(t:Task)
WITH key, c, collect(t.task_hash) AS tasks
OPTIONAL MATCH (c)-[:RETURNED]->(v:Value)
WITH key, c, tasks, collect(v.value_hash) AS results
OPTIONAL MATCH (c)-[a:TOOK]->(w:Value)
WITH key, c, tasks, results, collect([w.value_hash, a.name, a.position]) AS arguments
RETURN key, [name IN keys(c) WHERE NOT name IN $properties] AS extra,
       c.eval_hash AS eval_hash, c.args_hash AS args_hash, c.failed AS failed, c.task_name AS task_name, tasks, results,
       arguments, c.recorded_at AS recorded_at, c.cacheable AS cacheable, c.context AS context,
       c.named AS named, c.gap AS gap, c.prov_off AS prov_off, c.states AS states
