// title: Times are in the order in which things happened
// severity: warning
// why: Whoever asks what was known at some time gets a wrong answer where clocks differ or were set back.
// fix: Keep the clocks of the machines together (NTP). The order within a run is in its jobs' numbers all the same.
MATCH (e:Execution)
WHERE e.started >= $since
WITH e
MATCH (j:Job {execution_id: e.id})
WHERE j.finished IS NOT NULL AND j.finished < j.started
  AND ($as_of IS NULL OR (j.started <= $as_of AND j.finished <= $as_of))
RETURN j.task_name + ' ended before it began' AS message, ['job:' + j.id] AS nodes
UNION ALL
MATCH (e:Execution)
WHERE e.started >= $since
WITH e
MATCH (j:Job {execution_id: e.id})<-[:SPAWNED]-(p:Job)
WHERE j.started < p.started AND ($as_of IS NULL OR (j.started <= $as_of AND p.started <= $as_of))
RETURN j.task_name + ' began before ' + p.task_name + ', which made it' AS message, ['job:' + j.id, 'job:' + p.id] AS nodes
UNION ALL
MATCH (e:Execution)
WHERE e.finished < e.started
WITH e
WHERE e.started >= $since AND ($as_of IS NULL OR (e.started <= $as_of AND e.finished <= $as_of))
RETURN 'the run ' + left(e.id, 13) + ' ended before it began' AS message, ['execution:' + e.id] AS nodes
