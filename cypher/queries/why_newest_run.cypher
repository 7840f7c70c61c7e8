// The newest run that called a task, in any version of it.
// Parameters: $task (full name).
// $as_of: leave out what was recorded later; null for nothing.
MATCH (:Task {fullname: $task})<-[:OF]-(:CallNode)<-[:MADE]-(j:Job)
WHERE ($as_of IS NULL OR coalesce(j.started, j.finished) <= $as_of)
RETURN j.execution_id AS execution, max(j.started) AS at
ORDER BY at DESC, execution DESC LIMIT 1
