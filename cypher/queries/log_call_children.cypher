// The calls that a call made, in their order.
// Parameters: $call, $limit.
MATCH (:CallNode {call_hash: $call})-[k:CALLED]->(c:CallNode)
RETURN c.call_hash AS call, c.task_name AS task, c.recorded_at AS recorded_at, c.failed AS failed, k.order AS place
ORDER BY place LIMIT $limit
