// The newest job that made a call, or was answered with it.
// Parameters: $call.
MATCH (:CallNode {call_hash: $call})<-[:MADE]-(j:Job)
RETURN j.id AS id, j.started AS at
ORDER BY at DESC, id LIMIT 1
