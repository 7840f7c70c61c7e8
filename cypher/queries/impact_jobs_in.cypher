// The jobs of some calls whose parents made one of some calls; the columns of impact_jobs. From the parents down: a call
// that many share has many more jobs than there are in a parent. (What is added to '' is looked up in no index.)
// Parameters: $keys (the parents' call hashes), $calls (call hashes). One row with a list of rows.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})<-[:MADE]-(p:Job)-[:SPAWNED]->(j:Job)-[:MADE]->(c:CallNode)
WHERE '' + c.call_hash IN $calls AND ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
RETURN collect([c.call_hash, j.id,
       CASE WHEN j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction' THEN false ELSE true END,
       datetime(j.started).epochSeconds * 1000000 + j.started.microsecond,
       j.execution_id, p.id, key, EXISTS { (j)-[:SPAWNED]->() }]) AS rows
