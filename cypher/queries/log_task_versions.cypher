// Every recorded version of the tasks of one name, with the number of its calls, when the last was recorded, and the
// options that count in it, newest first.
// Parameters: $fullname.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (t:Task {fullname: $fullname})
OPTIONAL MATCH (c:CallNode)-[:OF]->(t)
OPTIONAL MATCH (c)<-[:MADE]-(m:Job)
WHERE $as_of IS NOT NULL AND (m.status <> 'CACHED' OR m.reason STARTS WITH 'single reduction') AND m.finished <= $as_of
WITH t, c, CASE WHEN $as_of IS NULL THEN c.recorded_at ELSE max(m.finished) END AS recorded
WITH t, count(CASE WHEN $as_of IS NULL OR recorded IS NOT NULL THEN c ELSE null END) AS calls, max(recorded) AS last
WHERE $as_of IS NULL OR calls > 0
RETURN t.task_hash AS task_hash, t.version AS version, calls, last, t.options AS options
ORDER BY last DESC
