// Every version of every task, with how many calls were made of it and when the last one was recorded.
// Parameters: none. Rows: task, task_hash, calls, last.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (t:Task)
OPTIONAL MATCH (t)<-[:OF]-(c:CallNode)
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
WITH t, count(c) AS calls, max(c.recorded_at) AS last
WHERE $as_of IS NULL OR calls > 0
RETURN t.fullname AS task, t.task_hash AS task_hash, calls, last
ORDER BY task, last DESC, task_hash
