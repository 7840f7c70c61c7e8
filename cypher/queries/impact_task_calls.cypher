// The calls of one version of a task.
// Parameters: $task.
MATCH (:Task {task_hash: $task})<-[:OF]-(c:CallNode)
RETURN DISTINCT c.call_hash AS call
