// The calls that took a file, newest first.
// Parameters: $file, $limit.
MATCH (c:CallNode)-[:TOOK]->(:Value)-[:REFERS_TO]->(:File {file_hash: $file})
WITH DISTINCT c
RETURN c.call_hash AS call, c.task_name AS task, c.recorded_at AS recorded_at, c.failed AS failed
ORDER BY recorded_at DESC LIMIT $limit
