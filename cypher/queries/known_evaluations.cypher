// The cache keys of a task version that have a single reduction, by their first sixteen characters.
// Parameters: $task_hash, $limit. One row with a list of at most $limit.
MATCH (e:Evaluation {task_hash: $task_hash})
WITH left(e.eval_hash, 16) AS key
LIMIT $limit
RETURN collect(key) AS keys
