// As for Neo4j, a list at a time.
// (The local graph keeps no zone with a time of whole seconds, and knows no epoch without one: `datetime` puts it back.)
// Parameters: $keys (call hashes). Rows, each with three lists, of which one is not empty. The values are asked for by
// `trace_values`: to look each up is less work there than to come to it from every call that took it.
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
OPTIONAL MATCH (c)-[:OF]->(t:Task)
OPTIONAL MATCH (c)-[:RETURNED]->(v:Value)
RETURN collect([key, c.task_name, t.task_hash, c.failed,
  datetime(c.recorded_at).epochSeconds * 1000000 + c.recorded_at.microsecond, v.value_hash, c.named,
  coalesce(c.prov_off, false), [(c)-[k:TOOK]->(w:Value) | [k.name, k.position, w.value_hash]]]) AS calls,
  [] AS values, [] AS flows
UNION ALL
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})-[:CALLED]->(c:CallNode)-[f:FED_BY]->(p:CallNode)
WHERE f.within = key
WITH key, collect([c.call_hash, f.name, p.call_hash]) AS inside
RETURN [] AS calls, [] AS values, collect([key, inside]) AS flows
UNION ALL
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})-[f:FED_BY {name: 'return'}]->(p:CallNode)
WHERE f.within = key
WITH key, collect([c.call_hash, f.name, p.call_hash]) AS inside
RETURN [] AS calls, [] AS values, collect([key, inside]) AS flows
