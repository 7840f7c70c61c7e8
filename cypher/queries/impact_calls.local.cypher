// As for Neo4j, but that what flowed inside calls follows in rows of their own.
// (The local graph keeps no zone with a time of whole seconds, and knows no epoch without one: `datetime` puts it back.)
// Parameters: $keys (call hashes), $most: of the parents and the jobs of a call with more of them, null. Rows, each with two
// lists of rows, of which one is empty.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
OPTIONAL MATCH (c)-[:OF]->(t:Task)
OPTIONAL MATCH (c)-[:RETURNED]->(v:Value)
RETURN collect([key, c.task_name, t.task_hash, c.failed,
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
       EXISTS { (j)-[:SPAWNED]->() }]] END]) AS calls, [] AS flows
UNION ALL
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})-[:CALLED]->(c:CallNode)-[f:FED_BY]->(p:CallNode)
WHERE f.within = key
WITH key, collect([c.call_hash, f.name, p.call_hash]) AS inside
RETURN [] AS calls, collect([key, inside]) AS flows
UNION ALL
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})-[f:FED_BY {name: 'return'}]->(p:CallNode)
WHERE f.within = key
WITH key, collect([c.call_hash, f.name, p.call_hash]) AS inside
RETURN [] AS calls, collect([key, inside]) AS flows
