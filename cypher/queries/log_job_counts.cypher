// How many jobs of each task ended how, in each of some executions.
// Parameters: $ids (of executions).
UNWIND $ids AS id
MATCH (j:Job {execution_id: id})
RETURN id, j.task_name AS task, j.status AS status, count(*) AS jobs
