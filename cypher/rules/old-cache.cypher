// title: No run rests on results that are older than some days
// severity: note
// why: A result that is very old may rest on the world as it was: on services, on libraries, on a machine.
// fix: Run it again with --no-cache, or allow more days with --param days=N.
// param days = 365
MATCH (j:Job {status: 'CACHED'})-[:MADE]->(c:CallNode)
WHERE j.started >= $since AND c.recorded_at + duration({days: $days}) < j.started
RETURN j.task_name + ' was answered in the run ' + left(j.execution_id, 13) + ' with a result of '
       + left(toString(c.recorded_at), 10) AS message, ['job:' + j.id, 'call:' + c.call_hash] AS nodes
