// What the newest calls of a version of a task took.
// Parameters: $task (its hash), $limit. One row with a list of rows: call_hash, recorded_at, name, position, value_hash,
// preview, files [[file_hash, path], ...] in the value, type.
MATCH (c:CallNode)-[:OF]->(:Task {task_hash: $task})
WITH c ORDER BY c.recorded_at DESC LIMIT $limit
MATCH (c)-[k:TOOK]->(v:Value)
OPTIONAL MATCH (v)-[:REFERS_TO]->(f:File)
WITH c, k, v, collect(CASE WHEN f IS NULL THEN null ELSE [f.file_hash, f.path] END) AS files
RETURN collect([c.call_hash, c.recorded_at, k.name, k.position, v.value_hash, v.preview, files, v.type]) AS rows
