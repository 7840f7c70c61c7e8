// Calls with all that a walk forth asks of them: what trace_calls has, as far as it matters there; the calls that they made, and
// that made them; and every job that made them, or was answered with them, with the columns of impact_jobs. So a call is looked
// up once.
// Parameters: $keys (call hashes), $most: of the parents and the jobs of a call with more of them, null. A row for each 200 calls,
// as of trace_calls, with two lists of rows. Calls: call, task, its hash, failed, time in microseconds, the result's value_hash,
// type, preview and files, files that were named, arguments (name, file hashes), children, parents, jobs. Flows, as in trace_calls.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND range(0, size($keys) - 1, 200) AS at
WITH COLLECT {
  UNWIND $keys[at..at + 200] AS key
  MATCH (c:CallNode {call_hash: key})
  OPTIONAL MATCH (c)-[:OF]->(t:Task)
  OPTIONAL MATCH (c)-[:RETURNED]->(v:Value)
  WITH key, c, t, v,
    COLLECT {
      UNWIND CASE WHEN EXISTS { (c)-[:CALLED]->() } THEN [key] ELSE [] END AS parent
      MATCH (a:CallNode)-[r:FED_BY {within: parent}]->(b:CallNode)
      RETURN [a.call_hash, r.name, b.call_hash]
    } AS inside
  RETURN [collect([key, c.task_name, t.task_hash, c.failed,
    datetime(c.recorded_at).epochSeconds * 1000000 + c.recorded_at.microsecond, v.value_hash, v.type, v.preview,
    [(v)-[:REFERS_TO]->(f:File) WHERE NOT f.evidence IN ['class', 'value'] |
      [f.file_hash, f.path, f.evidence, f.digest, f.size]],
    c.named,
    [(c)-[k:TOOK]->(w:Value) |
      [k.name, [(w)-[:REFERS_TO]->(g:File) WHERE NOT g.evidence IN ['class', 'value'] | g.file_hash]]],
    [(c)-[:CALLED]->(d:CallNode) | d.call_hash],
    CASE WHEN COUNT { (c)<-[:CALLED]-() } <= $most THEN
      [(c)<-[:CALLED]-(p:CallNode)
        WHERE $as_of IS NULL OR EXISTS { MATCH (p)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of }
        | p.call_hash] END,
    CASE WHEN COUNT { (c)<-[:MADE]-() } <= $most THEN
      [(c)<-[:MADE]-(j:Job) WHERE $as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of |
        [j.id,
         CASE WHEN j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction' THEN false ELSE true END,
         datetime(j.started).epochSeconds * 1000000 + j.started.microsecond,
         j.execution_id,
         [(j)<-[:SPAWNED]-(q:Job) | [q.id, [(q)-[:MADE]->(e:CallNode) WHERE $as_of IS NULL OR q.finished <= $as_of
                                          | e.call_hash]]],
         EXISTS { (j)-[:SPAWNED]->() }]] END]),
    collect(CASE WHEN size(inside) > 0 THEN [key, inside] END)]
} AS found
RETURN found[0][0] AS calls, found[0][1] AS flows
