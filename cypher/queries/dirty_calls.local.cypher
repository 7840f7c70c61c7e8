// The calls below a root that a change touches, and every call above them.
// Parameters: $root (call_hash), $task_hashes and $file_hashes that changed, $uncacheable: whether calls that may
// never be reused count as well, $marks of what was not recorded that changed, $states of handles that are stale. Rows: call_hash.
MATCH (root:CallNode {call_hash: $root})
CALL path.subgraphNodes(root, {relationshipFilter: 'CALLED>', maxLevel: 1000000}) YIELD node AS c
WITH c
OPTIONAL MATCH (c)-[:OF]->(t:Task)
OPTIONAL MATCH (c)-[:TOOK|RETURNED]->(:Value)-[:REFERS_TO]->(f:File)
WITH c, t, collect(f.file_hash) AS files
WHERE t.task_hash IN $task_hashes OR ($uncacheable AND c.cacheable = false)
   OR any(file IN files WHERE file IN $file_hashes) OR any(mark IN c.gap WHERE mark IN $marks)
   OR any(state IN c.states WHERE state IN $states)
WITH c
CALL path.subgraphNodes(c, {relationshipFilter: '<CALLED', maxLevel: 1000000}) YIELD node AS dirty
RETURN DISTINCT dirty.call_hash
