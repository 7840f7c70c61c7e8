// Calls with their tasks, and the hashes of what they took and returned: many calls take the same values, of which
// trace_values tells the rest once. Times are in microseconds since the epoch: the driver takes long to make its own of them.
// (The local graph keeps no zone with a time of whole seconds, and knows no epoch without one: `datetime` puts it back.)
// Parameters: $keys (call hashes). One row with a list of rows: a message each would cost more than the query.
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
OPTIONAL MATCH (c)-[:OF]->(t:Task)
OPTIONAL MATCH (c)-[:RETURNED]->(v:Value)
RETURN collect([key, c.task_name, t.task_hash, c.failed,
  datetime(c.recorded_at).epochSeconds * 1000000 + c.recorded_at.microsecond, v.value_hash, c.named,
  coalesce(c.prov_off, false), [(c)-[k:TOOK]->(w:Value) | [k.name, k.position, w.value_hash]]]) AS rows
