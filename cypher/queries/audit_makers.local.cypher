// Of calls that returned files, what says whether they made them: see `Flow.is_first_maker`.
// Parameters: $keys (call hashes). One row with a list of rows: call, task, the files that it named, took and returned, and the
// calls whose results became its own.
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
RETURN collect([key, c.task_name, c.named,
  [(c)-[:TOOK]->(:Value)-[:REFERS_TO]->(f:File) WHERE NOT f.evidence IN ['class', 'value'] | f.file_hash],
  [(c)-[:RETURNED]->(:Value)-[:REFERS_TO]->(f:File) WHERE NOT f.evidence IN ['class', 'value'] | f.file_hash],
  [(c)-[r:FED_BY {name: 'return'}]->(p:CallNode) WHERE r.within = key | p.call_hash]]) AS rows
