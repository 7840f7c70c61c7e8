// How many jobs of each task ended how, in each of some executions.
// Parameters: $ids (of executions).
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $ids AS id
MATCH (j:Job {execution_id: id})
WHERE ($as_of IS NULL OR coalesce(j.started, j.finished) <= $as_of)
RETURN id, j.task_name AS task, CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END AS status, count(*) AS jobs
ORDER BY id, task, status
