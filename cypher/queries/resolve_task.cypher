// The versions of a task, the one that was called last first.
// Parameters: $name (its full name).
MATCH (t:Task {fullname: $name})
OPTIONAL MATCH (t)<-[:OF]-(c:CallNode)
WITH t, max(c.recorded_at) AS at
RETURN t.task_hash AS id, t.fullname AS label, at
ORDER BY CASE WHEN at IS NULL THEN 1 ELSE 0 END, at DESC, id
