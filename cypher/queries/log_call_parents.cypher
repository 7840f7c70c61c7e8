// The calls that made a call, newest first.
// Parameters: $call, $limit.
MATCH (:CallNode {call_hash: $call})<-[:CALLED]-(c:CallNode)
WITH DISTINCT c
RETURN c.call_hash AS call, c.task_name AS task, c.recorded_at AS recorded_at, c.failed AS failed
ORDER BY recorded_at DESC LIMIT $limit
