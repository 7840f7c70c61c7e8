// Some jobs that made calls, or were answered with them; the columns of impact_jobs.
// Parameters: $keys (job ids). One row with a list of rows.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (j:Job {id: key})-[:MADE]->(c:CallNode)
OPTIONAL MATCH (j)<-[:SPAWNED]-(p:Job)
OPTIONAL MATCH (p)-[:MADE]->(d:CallNode) WHERE $as_of IS NULL OR p.finished <= $as_of
RETURN collect([c.call_hash, j.id,
       CASE WHEN j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction' THEN false ELSE true END,
       datetime(j.started).epochSeconds * 1000000 + j.started.microsecond,
       j.execution_id, p.id, d.call_hash,
       EXISTS { (j)-[:SPAWNED]->() }]) AS rows
