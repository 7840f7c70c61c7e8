// The jobs of a task in one run, those that were not answered from the cache first.
// Parameters: $task (full name), $execution, $versions (hashes of those that are meant; null for all).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job {execution_id: $execution})
WHERE j.task_name = $task AND ($versions IS NULL OR j.task_hash IN $versions) AND ($as_of IS NULL OR coalesce(j.started, j.finished) <= $as_of)
RETURN j.id AS id
ORDER BY CASE WHEN j.status = 'CACHED' AND NOT coalesce(j.finished > $as_of, false) THEN 1 ELSE 0 END, j.n
