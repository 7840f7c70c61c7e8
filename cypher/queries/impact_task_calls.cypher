// The calls of one version of a task.
// Parameters: $task.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (:Task {task_hash: $task})<-[:OF]-(c:CallNode)
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
RETURN DISTINCT c.call_hash AS call
