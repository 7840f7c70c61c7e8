// The calls of versions of tasks.
// Parameters: $keys (task hashes). A row a task, with a list.
// $as_of: leave out what was recorded later; null for nothing.
UNWIND $keys AS key
MATCH (:Task {task_hash: key})<-[:OF]-(c:CallNode)
WHERE $as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of }
RETURN key, collect(c.call_hash) AS calls
