// title: A task with the same arguments has one result
// severity: warning
// why: Of two results for one question, at least one is not what a run today would give, and may be in use.
// fix: Find out what the task reads beside its arguments (hw why, hw diff), and give it that as an argument.
MATCH (a:CallNode)
WHERE a.failed = false
MATCH (b:CallNode {eval_hash: a.eval_hash})
WHERE b.failed = false AND a.call_hash < b.call_hash
  AND CASE WHEN $as_of IS NULL THEN a.recorded_at >= $since ELSE
        EXISTS { MATCH (a)<-[:MADE]-(m:Job)
                 WHERE (m.status <> 'CACHED' OR m.reason STARTS WITH 'single reduction')
                   AND m.finished >= $since AND m.finished <= $as_of }
        AND EXISTS { MATCH (b)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of } END
MATCH (a)-[:RETURNED]->(v:Value)
MATCH (b)-[:RETURNED]->(w:Value)
WHERE v.value_hash <> w.value_hash
RETURN a.task_name + ' gave two results for the same arguments: ' + left(v.value_hash, 8) + ' and '
       + left(w.value_hash, 8) AS message, ['call:' + a.call_hash, 'call:' + b.call_hash] AS nodes
