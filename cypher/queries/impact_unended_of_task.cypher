// The jobs of a version of a task that made no call: they go on, or were cut off.
// Parameters: $name (the task's full name), $task (its hash).
// $as_of: as it was then, when jobs went on that have ended since; null for now.
MATCH (j:Job {task_name: $name})
WHERE j.task_hash = $task AND ($as_of IS NOT NULL OR NOT j.status IN ['DONE', 'CACHED'])
  AND j.eval_hash IS NOT NULL AND ($as_of IS NULL OR j.started <= $as_of)
  AND (NOT EXISTS { (j)-[:MADE]->() } OR j.finished > $as_of)
RETURN j.id AS job
