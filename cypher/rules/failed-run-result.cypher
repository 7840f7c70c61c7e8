// title: No result of a run that failed is used by another
// severity: warning
// why: What a run left behind that failed later may be part of something that was never finished.
// fix: Run the failed run's call again until it ends well, or run the other one with --no-cache.
MATCH (u:Execution)
WHERE u.started >= $since
WITH u
WHERE u.status = 'DONE' AND ($as_of IS NULL OR u.finished <= $as_of)
MATCH (k:Job {execution_id: u.id})-[:MADE]->(c:CallNode)
WHERE k.status = 'CACHED' AND NOT coalesce(k.reason STARTS WITH 'single reduction', false)
WITH c, collect([u.id, k.id, k.task_name]) AS uses
WHERE NOT EXISTS {
  // Most results were made by a run that ended well, and are passed over without a look at all the jobs that have them.
  MATCH (d:Job {eval_hash: c.eval_hash, status: 'DONE'})-[:MADE]->(c)
  MATCH (w:Execution {id: d.execution_id})
  WHERE w.status = 'DONE' AND ($as_of IS NULL OR (d.finished <= $as_of AND w.finished <= $as_of))
}
MATCH (c)<-[:MADE]-(j:Job)
WHERE (j.status = 'DONE' OR j.reason STARTS WITH 'single reduction') AND ($as_of IS NULL OR j.finished <= $as_of)
MATCH (e:Execution {id: j.execution_id})
WHERE $as_of IS NULL OR e.finished <= $as_of
WITH c, uses, collect(DISTINCT [e.id, e.status]) AS made
WHERE none(run IN made WHERE run[1] = 'DONE')
UNWIND made AS run
WITH run, uses
WHERE run[1] IN ['FAILED', 'CANCELLED']
UNWIND uses AS use
RETURN DISTINCT 'the run ' + left(use[0], 13) + ' used ' + use[2] + ' of the run ' + left(run[0], 13)
       + ', which is ' + run[1] AS message, ['job:' + use[1], 'execution:' + run[0]] AS nodes
