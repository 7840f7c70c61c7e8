// Every version of every task, with how many calls were made of it and when the last one was recorded.
// Parameters: none. Rows: task, task_hash, calls, last.
MATCH (t:Task)
OPTIONAL MATCH (t)<-[:OF]-(c:CallNode)
RETURN t.fullname AS task, t.task_hash AS task_hash, count(c) AS calls, max(c.recorded_at) AS last
ORDER BY task, last DESC, task_hash
