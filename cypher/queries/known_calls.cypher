// The cache keys of a task version that have a call to reuse, by their first sixteen characters.
// Parameters: $task_hash, $limit. One row with a list of at most $limit.
MATCH (:Task {task_hash: $task_hash})<-[:OF]-(c:CallNode)
WHERE c.cacheable = true AND c.failed = false
WITH left(c.eval_hash, 16) AS key
LIMIT $limit
RETURN collect(key) AS keys
