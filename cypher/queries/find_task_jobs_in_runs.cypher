// As find_jobs_in_runs, where tasks are asked for: their jobs are found without a look at the others of the executions.
// Parameters: $tasks (full names), and those of find_jobs_in_runs without $recorded.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $runs AS run
MATCH (j:Job {execution_id: run})
WHERE j.task_name IN $tasks AND ($as_of IS NULL OR coalesce(j.started, j.finished) <= $as_of)
  AND ($statuses IS NULL OR CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END IN $statuses)
  AND coalesce(j.started, datetime({epochSeconds: 0}))
      >= datetime({epochSeconds: $since / 1000000, nanosecond: ($since % 1000000) * 1000})
  AND coalesce(j.started, datetime({epochSeconds: 0}))
      < datetime({epochSeconds: $until / 1000000, nanosecond: ($until % 1000000) * 1000})
  AND all(tag IN $tags WHERE j.execution_id IN tag.runs OR j.id IN tag.jobs OR j.task_hash IN tag.tasks
    OR any(own IN CASE WHEN j.finished > $as_of THEN [] ELSE coalesce(j.tags, []) END WHERE (own = tag.text OR (tag.any AND own STARTS WITH tag.text))
           AND NOT j.id + ' ' + own IN tag.without)
    OR (size(tag.calls) > 0 AND ($as_of IS NULL OR j.finished <= $as_of)
        AND EXISTS { MATCH (j)-[:MADE]->(n:CallNode) WHERE n.call_hash IN tag.calls }))
  AND (run < $after_run OR (run = $after_run AND j.n > $after_n))
  AND ($type IS NULL OR EXISTS {
    MATCH (j)-[:MADE]->(:CallNode)-[:TOOK|RETURNED]->(v:Value) WHERE (v.type = $type OR v.type ENDS WITH '.' + $type) AND ($as_of IS NULL OR j.finished <= $as_of) })
  AND ($regex IS NULL OR EXISTS {
    MATCH (j)-[:MADE]->(:CallNode)-[:TOOK|RETURNED]->(:Value)-[:REFERS_TO]->(f:File)
    WHERE f.path STARTS WITH $prefix AND f.path =~ $regex AND ($as_of IS NULL OR j.finished <= $as_of) })
WITH run, j ORDER BY run DESC, j.n LIMIT $limit
OPTIONAL MATCH (p:Job)-[:SPAWNED]->(j)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode) WHERE $as_of IS NULL OR j.finished <= $as_of
RETURN j.id AS id, run AS execution, p.id AS parent, j.n AS n, j.task_name AS task, j.task_hash AS task_hash,
       CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END AS status, j.started AS started,
       CASE WHEN j.finished > $as_of THEN null ELSE j.finished END AS finished, j.executor AS executor, j.attempt AS attempt,
       CASE WHEN j.finished > $as_of THEN null ELSE j.reason END AS reason, CASE WHEN j.finished > $as_of THEN null ELSE j.error END AS error, c.call_hash AS call,
       CASE WHEN j.finished > $as_of THEN null ELSE coalesce(j.prov_off, c.prov_off) END AS prov_off
ORDER BY execution DESC, n
