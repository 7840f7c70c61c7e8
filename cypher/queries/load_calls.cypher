// Calls with their task, result and arguments. A call that the graph has already keeps its edges, which never change;
// the time and the leave to reuse it are those of the last run that made it. A file is named by a call that never made it.
// Parameters: $rows of [task_hash, task_name, [[call_hash, eval_hash, recorded at (microseconds), cacheable, failed,
//   result's value_hash, [[argument's value_hash, name, position], ...], ["path=hash", ...] or null,
//   [named file_hash, ...] or null, [mark of what was not recorded, ...] or null,
//   [state of a handle, ...] or null], ...]]: grouped by task.
// The group is let go before the first write: the local graph counts what a row holds at every write, list and all.
UNWIND $rows AS g
MATCH (t:Task {task_hash: g[0]})
WITH t, g[1] AS name, g[2] AS calls
UNWIND calls AS r
WITH t, name, r, datetime({epochSeconds: r[2] / 1000000, nanosecond: (r[2] % 1000000) * 1000}) AS at
MERGE (c:CallNode {call_hash: r[0]})
ON CREATE SET c.eval_hash = r[1], c.args_hash = r[1], c.task_name = name, c.recorded_at = at, c.cacheable = r[3],
  c.failed = r[4], c.context = r[7], c.named = r[8], c.gap = r[9], c.states = r[10],
  c.prov_off = CASE WHEN r[9] IS NULL THEN null ELSE true END
ON MATCH SET c.named = CASE WHEN c.named = r[8] THEN c.named ELSE null END,
  c.cacheable = CASE WHEN at >= c.recorded_at THEN r[3] ELSE c.cacheable END,
  c.recorded_at = CASE WHEN at >= c.recorded_at THEN at ELSE c.recorded_at END
WITH t, c, r
WHERE NOT EXISTS { (c)-[:OF]->() }
MATCH (v:Value {value_hash: r[5]})
CREATE (c)-[:OF]->(t)
CREATE (c)-[:RETURNED]->(v)
WITH c, r[6] AS arguments
UNWIND arguments AS a
MATCH (w:Value {value_hash: a[0]})
CREATE (c)-[:TOOK {name: a[1], position: a[2]}]->(w)
