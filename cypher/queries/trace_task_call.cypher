// The newest call of a task, in whatever version.
// Parameters: $task (full name).
MATCH (:Task {fullname: $task})<-[:OF]-(c:CallNode)
RETURN c.call_hash AS call, c.recorded_at AS at
ORDER BY at DESC, call LIMIT 1
