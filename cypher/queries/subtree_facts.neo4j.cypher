// What the reuse of a call depends on: every task version and every file anywhere below it, and how many of the calls
// below it may never be reused.
// Parameters: $call_hashes. Rows: call_hash, tasks [[fullname, task_hash], ...],
// files [[file_hash, path, evidence, digest], ...], uncacheable, gaps [[mark of what was not recorded, ...], ...],
// states [[state of a handle, ...], ...].
UNWIND $call_hashes AS wanted
MATCH (root:CallNode {call_hash: wanted})
MATCH (root)-[:CALLED*0..]->(c:CallNode)
WITH DISTINCT root, c
OPTIONAL MATCH (c)-[:OF]->(t:Task)
WITH root, c, t
OPTIONAL MATCH (c)-[:TOOK|RETURNED]->(:Value)-[:REFERS_TO]->(f:File)
RETURN root.call_hash,
       collect(DISTINCT [t.fullname, t.task_hash]) AS tasks,
       collect(DISTINCT CASE WHEN f IS NULL THEN null ELSE [f.file_hash, f.path, f.evidence, f.digest] END) AS files,
       count(DISTINCT CASE WHEN c.cacheable = false THEN c.call_hash ELSE null END) AS uncacheable,
       collect(DISTINCT c.gap) AS gaps, collect(DISTINCT c.states) AS states
