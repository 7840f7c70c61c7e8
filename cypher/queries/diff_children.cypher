// The calls that calls made, in their order, with the names of their tasks.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})-[o:CALLED]->(c:CallNode)
RETURN key, c.call_hash AS call, c.task_name AS task, o.order AS place
ORDER BY key, place, call
