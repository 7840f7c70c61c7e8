// Every recorded version of a task, with the number of its calls and when the last was recorded, newest first.
// Parameters: $fullname.
MATCH (t:Task {fullname: $fullname})
OPTIONAL MATCH (c:CallNode)-[:OF]->(t)
RETURN t.task_hash AS task_hash, t.version AS version, count(c) AS calls, max(c.recorded_at) AS last
ORDER BY last DESC
