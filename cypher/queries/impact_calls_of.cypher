// The calls of versions of tasks.
// Parameters: $keys (task hashes). A row a task, with a list.
UNWIND $keys AS key
MATCH (:Task {task_hash: key})<-[:OF]-(c:CallNode)
RETURN key, collect(c.call_hash) AS calls
