// The jobs of some calls that are as somebody wants them, the newest execution's first; the columns of log_jobs.
// Parameters: $calls (call hashes), $runs (ids of executions), $tasks (full names) and $statuses, each of the last three
//   null for any; $since and $until (microseconds since the epoch: begun in between); $after_run and $after_n (the
//   place of the last job that is known already), $limit; $tags (as of find_jobs_in_runs).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $calls AS call
MATCH (c:CallNode {call_hash: call})<-[:MADE]-(j:Job)
WHERE ($as_of IS NULL OR coalesce(j.finished, j.started) <= $as_of)
  AND ($runs IS NULL OR j.execution_id IN $runs)
  AND ($tasks IS NULL OR j.task_name IN $tasks)
  AND ($statuses IS NULL OR CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END IN $statuses)
  AND coalesce(j.started, datetime({epochSeconds: 0}))
      >= datetime({epochSeconds: $since / 1000000, nanosecond: ($since % 1000000) * 1000})
  AND coalesce(j.started, datetime({epochSeconds: 0}))
      < datetime({epochSeconds: $until / 1000000, nanosecond: ($until % 1000000) * 1000})
  AND all(tag IN $tags WHERE j.execution_id IN tag.runs OR j.id IN tag.jobs OR j.task_hash IN tag.tasks
    OR any(own IN CASE WHEN j.finished > $as_of THEN [] ELSE coalesce(j.tags, []) END WHERE (own = tag.text OR (tag.any AND own STARTS WITH tag.text))
           AND NOT j.id + ' ' + own IN tag.without)
    OR (size(tag.calls) > 0 AND EXISTS { MATCH (j)-[:MADE]->(n:CallNode) WHERE n.call_hash IN tag.calls }))
  AND (j.execution_id < $after_run OR (j.execution_id = $after_run AND j.n > $after_n))
WITH call, j ORDER BY j.execution_id DESC, j.n LIMIT $limit
OPTIONAL MATCH (j)<-[:SPAWNED]-(p:Job)
RETURN j.id AS id, j.execution_id AS execution, p.id AS parent, j.n AS n, j.task_name AS task, j.task_hash AS task_hash,
       CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END AS status, j.started AS started,
       CASE WHEN j.finished > $as_of THEN null ELSE j.finished END AS finished, j.executor AS executor, j.attempt AS attempt,
       CASE WHEN j.finished > $as_of THEN null ELSE j.reason END AS reason, CASE WHEN j.finished > $as_of THEN null ELSE j.error END AS error, call,
       CASE WHEN j.finished > $as_of THEN null ELSE j.prov_off END AS prov_off
ORDER BY execution DESC, n
