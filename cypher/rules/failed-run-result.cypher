// title: No result of a run that failed is used by another
// severity: warning
// why: What a run left behind that failed later may be part of something that was never finished.
// fix: Run the failed run's call again until it ends well, or run the other one with --no-cache.
MATCH (e:Execution)
WHERE e.status IN ['FAILED', 'CANCELLED'] AND ($as_of IS NULL OR e.finished <= $as_of)
MATCH (j:Job {execution_id: e.id})-[:MADE]->(c:CallNode)
WHERE j.status = 'DONE' AND ($as_of IS NULL OR j.finished <= $as_of)
MATCH (c)<-[:MADE]-(k:Job {status: 'CACHED'})
MATCH (u:Execution {id: k.execution_id})
WHERE u.status = 'DONE' AND u.started >= $since AND ($as_of IS NULL OR u.finished <= $as_of)
  AND NOT EXISTS { MATCH (c)<-[:MADE]-(o:Job {status: 'DONE'}) MATCH (x:Execution {id: o.execution_id})
                   WHERE x.status = 'DONE' AND ($as_of IS NULL OR x.finished <= $as_of) }
RETURN DISTINCT 'the run ' + left(u.id, 13) + ' used ' + k.task_name + ' of the run ' + left(e.id, 13)
       + ', which is ' + e.status AS message, ['job:' + k.id, 'execution:' + e.id] AS nodes
