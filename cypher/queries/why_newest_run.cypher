// The newest run with a job of a task, in any version of it, whatever became of the job.
// Parameters: $task (full name), $versions (hashes of those that are meant; null for all).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job)
WHERE j.task_name = $task AND ($versions IS NULL OR j.task_hash IN $versions) AND ($as_of IS NULL OR coalesce(j.started, j.finished) <= $as_of)
RETURN j.execution_id AS execution, max(coalesce(j.started, j.finished)) AS at
ORDER BY at DESC, execution DESC LIMIT 1
