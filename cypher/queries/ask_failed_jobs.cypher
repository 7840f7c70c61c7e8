// Failed jobs, newest first, with what each of them said.
// Parameters: none. Rows: finished, task, error, run, job.
MATCH (j:Job)
WHERE j.status = 'FAILED'
RETURN j.finished AS finished, j.task_name AS task, j.error AS error, j.execution_id AS run, j.id AS job
ORDER BY finished DESC, job
