// title: No result of a run that failed is used by another
// severity: warning
// why: What a run left behind that failed later may be part of something that was never finished.
// fix: Run the failed run's call again until it ends well, or run the other one with --no-cache.
MATCH (e:Execution)
WHERE e.status IN ['FAILED', 'CANCELLED']
MATCH (j:Job {execution_id: e.id})-[:MADE]->(c:CallNode)
WHERE j.status = 'DONE'
MATCH (c)<-[:MADE]-(k:Job {status: 'CACHED'})
MATCH (u:Execution {id: k.execution_id})
WHERE u.status = 'DONE' AND u.started >= $since
  AND NOT EXISTS { MATCH (c)<-[:MADE]-(o:Job {status: 'DONE'}) MATCH (x:Execution {id: o.execution_id})
                   WHERE x.status = 'DONE' }
RETURN DISTINCT 'the run ' + left(u.id, 13) + ' used ' + k.task_name + ' of the run ' + left(e.id, 13)
       + ', which is ' + e.status AS message, ['job:' + k.id, 'execution:' + e.id] AS nodes
