// Jobs of a run that is not there, or of none.
// Parameters: $limit.
MATCH (j:Job)
WITH DISTINCT j.execution_id AS run
OPTIONAL MATCH (e:Execution {id: run})
WITH run, e
WHERE e IS NULL
MATCH (j:Job)
WHERE j.execution_id = run OR (run IS NULL AND j.execution_id IS NULL)
RETURN j.id AS job, run LIMIT $limit
