// Of calls that returned files, what says whether they made them: see `Flow.is_first_maker`. What they had from the calls that
// they made is found as in trace_calls.
// Parameters: $keys (call hashes). One row with a list of rows: call, task, the files that it named, took and returned, and the
// calls whose results became its own.
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
RETURN collect([key, c.task_name, c.named,
  [(c)-[:TOOK]->(:Value)-[:REFERS_TO]->(f:File) WHERE NOT f.evidence IN ['class', 'value'] | f.file_hash],
  [(c)-[:RETURNED]->(:Value)-[:REFERS_TO]->(f:File) WHERE NOT f.evidence IN ['class', 'value'] | f.file_hash],
  COLLECT {
    UNWIND CASE WHEN EXISTS { (c)-[:CALLED]->() } THEN [key] ELSE [] END AS parent
    MATCH (a:CallNode)-[r:FED_BY {within: parent}]->(b:CallNode)
    WHERE a = c
    RETURN b.call_hash
  }]) AS rows
