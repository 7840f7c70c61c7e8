// title: A task with the same arguments has one result
// severity: warning
// why: Of two results for one question, at least one is not what a run today would give, and may be in use.
// fix: Find out what the task reads beside its arguments (hw why, hw diff), and give it that as an argument.
MATCH (e:Execution)
WHERE e.started >= $since AND ($as_of IS NULL OR e.started <= $as_of)
WITH e
MATCH (m:Job {execution_id: e.id})-[:MADE]->(a:CallNode)
WHERE (m.status <> 'CACHED' OR m.reason STARTS WITH 'single reduction') AND a.failed = false
  AND ($as_of IS NULL OR m.finished <= $as_of)
WITH DISTINCT a
MATCH (b:CallNode {eval_hash: a.eval_hash})
WHERE a <> b AND b.failed = false
  AND ($as_of IS NULL OR EXISTS { MATCH (b)<-[:MADE]-(n:Job) WHERE coalesce(n.finished, n.started) <= $as_of })
WITH DISTINCT a, b
MATCH (a)-[:RETURNED]->(v:Value)
MATCH (b)-[:RETURNED]->(w:Value)
WHERE v.value_hash <> w.value_hash
WITH a.task_name AS task, CASE WHEN a.call_hash < b.call_hash
     THEN [a.call_hash, v.value_hash, b.call_hash, w.value_hash]
     ELSE [b.call_hash, w.value_hash, a.call_hash, v.value_hash] END AS two
RETURN DISTINCT task + ' gave two results for the same arguments: ' + left(two[1], 8) + ' and ' + left(two[3], 8) AS message,
       ['call:' + two[0], 'call:' + two[2]] AS nodes
