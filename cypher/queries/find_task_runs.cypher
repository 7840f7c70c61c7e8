// The executions with jobs of some tasks, and how many jobs each has; no more jobs than a limit are looked at.
// Parameters: $tasks (full names), $most.
MATCH (j:Job)
WHERE j.task_name IN $tasks
WITH j LIMIT $most
RETURN j.execution_id AS execution, count(*) AS jobs
