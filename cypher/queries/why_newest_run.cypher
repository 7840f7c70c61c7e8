// The newest run that called a task, in any version of it.
// Parameters: $task (full name).
MATCH (:Task {fullname: $task})<-[:OF]-(:CallNode)<-[:MADE]-(j:Job)
RETURN j.execution_id AS execution, max(j.started) AS at
ORDER BY at DESC, execution DESC LIMIT 1
