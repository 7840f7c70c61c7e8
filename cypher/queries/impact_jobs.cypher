// Every job that made some calls, or was answered with them; its parent, the call which that made, and whether the job
// made further ones: of calls that have too many to come with impact_calls.
// Parameters: $keys (call hashes). One row with a list of rows: a message each would cost more than the query.
// Times are in microseconds since the epoch, as in trace_calls.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})<-[:MADE]-(j:Job)
WHERE ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
OPTIONAL MATCH (j)<-[:SPAWNED]-(p:Job)
OPTIONAL MATCH (p)-[:MADE]->(d:CallNode) WHERE $as_of IS NULL OR p.finished <= $as_of
RETURN collect([key, j.id,
       CASE WHEN j.status <> 'CACHED' OR j.reason STARTS WITH 'single reduction' THEN false ELSE true END,
       datetime(j.started).epochSeconds * 1000000 + j.started.microsecond,
       j.execution_id, p.id, d.call_hash,
       EXISTS { (j)-[:SPAWNED]->() }]) AS rows
