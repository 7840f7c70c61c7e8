// Every recorded version of a task, with the number of its calls and when the last was recorded, newest first.
// Parameters: $fullname.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (t:Task {fullname: $fullname})
OPTIONAL MATCH (c:CallNode)-[:OF]->(t)
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
WITH t, count(c) AS calls, max(c.recorded_at) AS last
WHERE $as_of IS NULL OR calls > 0
RETURN t.task_hash AS task_hash, t.version AS version, calls, last
ORDER BY last DESC
