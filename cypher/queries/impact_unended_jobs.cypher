// Jobs with their runs.
// Parameters: $keys (job ids).
// $as_of: as it was then, when jobs went on that have ended since; null for now.
UNWIND $keys AS key
MATCH (j:Job {id: key})
OPTIONAL MATCH (e:Execution {id: j.execution_id})
RETURN j.id AS job, coalesce(j.task_name, '') AS task, CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END AS status, j.started AS started,
       j.execution_id AS run, coalesce(e.user, '') AS user
