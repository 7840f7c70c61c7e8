// Failed jobs, newest first, with what each of them said.
// Parameters: none. Rows: finished, task, error, run, job.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job)
WHERE j.status = 'FAILED' AND ($as_of IS NULL OR j.finished <= $as_of)
RETURN j.finished AS finished, j.task_name AS task, j.error AS error, j.execution_id AS run, j.id AS job
ORDER BY finished DESC, job
