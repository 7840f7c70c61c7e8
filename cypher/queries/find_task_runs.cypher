// The executions with jobs of some tasks, and how many jobs each has; no more jobs than a limit are looked at.
// Parameters: $tasks (full names), $most. One row with a list of rows.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job)
WHERE j.task_name IN $tasks AND ($as_of IS NULL OR coalesce(j.started, j.finished) <= $as_of)
WITH j LIMIT $most
WITH j.execution_id AS execution, count(*) AS jobs
RETURN collect([execution, jobs]) AS rows
