// The jobs of a task in one run, those that were not answered from the cache first.
// Parameters: $task (full name), $execution.
MATCH (j:Job {execution_id: $execution})
WHERE j.task_name = $task
RETURN j.id AS id
ORDER BY CASE WHEN j.status = 'CACHED' THEN 1 ELSE 0 END, j.n
