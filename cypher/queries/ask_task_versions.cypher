// Every version of every task, with how many calls were made of it and when the last one was recorded.
// Parameters: none. Rows: task, task_hash, calls, last.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (t:Task)
OPTIONAL MATCH (t)<-[:OF]-(c:CallNode)
OPTIONAL MATCH (c)<-[:MADE]-(m:Job)
WHERE $as_of IS NOT NULL AND (m.status <> 'CACHED' OR m.reason STARTS WITH 'single reduction') AND m.finished <= $as_of
WITH t, c, CASE WHEN $as_of IS NULL THEN c.recorded_at ELSE max(m.finished) END AS recorded
WITH t, count(CASE WHEN $as_of IS NULL OR recorded IS NOT NULL THEN c ELSE null END) AS calls, max(recorded) AS last
WHERE $as_of IS NULL OR calls > 0
RETURN t.fullname AS task, t.task_hash AS task_hash, calls, last
ORDER BY task, last DESC, task_hash
