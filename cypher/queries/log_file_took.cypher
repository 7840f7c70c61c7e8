// The calls that took a file, newest first.
// Parameters: $file, $limit.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (c:CallNode)-[:TOOK]->(:Value)-[:REFERS_TO]->(:File {file_hash: $file})
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
WITH DISTINCT c
RETURN c.call_hash AS call, c.task_name AS task, c.recorded_at AS recorded_at, c.failed AS failed
ORDER BY recorded_at DESC LIMIT $limit
