// The files that calls took, or named without having made them, in the runs that began since a moment, with the time of
// the last such call, and whether any call returned them. (Code is recorded like files, and is none; of folders and patterns,
// the files in them count; what was missing is no origin. A job that was answered from the cache took nothing, but where only its
// single reduction was.) Left out is what is made beyond doubt: what a call returned that made no other calls, named nothing and
// did not take it. See `Flow.is_first_maker` for all other makers.
// Times are in microseconds, as in trace_calls.
// Parameters: $since. One row with a list of rows: file, path, time, whether a call returned it.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
WITH e
MATCH (j:Job {execution_id: e.id})-[:MADE]->(c:CallNode)
WHERE (j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction')
  AND ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
WITH collect([c, coalesce(j.finished, j.started)]) AS done
CALL {
  WITH done
  UNWIND done AS one
  WITH one[0] AS c, one[1] AS at
  MATCH (c)-[:TOOK]->(v:Value)
  // The same values are taken again and again.
  WITH v, max(at) AS at
  MATCH (v)-[:REFERS_TO]->(f:File)
  RETURN f, at
  UNION ALL
  WITH done
  UNWIND done AS one
  WITH one[0] AS c, one[1] AS at
  WHERE c.named IS NOT NULL
  UNWIND c.named AS file
  MATCH (f:File {file_hash: file})
  RETURN f, at
}
WITH f, max(at) AS at
WHERE NOT f.evidence IN ['class', 'function', 'task', 'folder', 'glob', 'folder-content', 'glob-content', 'missing']
WITH f, at
WHERE f.evidence = 'value' OR NOT EXISTS {
  MATCH (f)<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(c:CallNode)
  WHERE c.named IS NULL AND NOT EXISTS { (c)-[:CALLED]->() } AND NOT EXISTS { (c)-[:TOOK]->(:Value)-[:REFERS_TO]->(f) }
    AND ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
}
RETURN collect([f.file_hash, f.path, datetime(at).epochSeconds * 1000000 + at.microsecond,
  EXISTS { (f)<-[:REFERS_TO]-(:Value)<-[:RETURNED]-(:CallNode) }]) AS rows
