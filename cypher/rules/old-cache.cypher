// title: No run rests on results that are older than some days
// severity: note
// why: A result that is very old may rest on the world as it was: on services, on libraries, on a machine.
// fix: Run it again with --no-cache, or allow more days with --param days=N.
// param days = 365
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
WITH e
MATCH (j:Job {execution_id: e.id})-[:MADE]->(c:CallNode)
WHERE j.status = 'CACHED' AND ($as_of IS NULL OR j.started <= $as_of)
OPTIONAL MATCH (c)<-[:MADE]-(m:Job)
WHERE $as_of IS NOT NULL AND (m.status <> 'CACHED' OR m.reason STARTS WITH 'single reduction') AND m.finished <= $as_of
WITH j, c, coalesce(max(m.finished), c.recorded_at) AS recorded
WHERE recorded + duration({days: $days}) < j.started
RETURN j.task_name + ' was answered in the run ' + left(j.execution_id, 13) + ' with a result of '
       + left(toString(recorded), 10) AS message, ['job:' + j.id, 'call:' + c.call_hash] AS nodes
