// The newest job that made a call, or was answered with it.
// Parameters: $call.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (:CallNode {call_hash: $call})<-[:MADE]-(j:Job)
WHERE ($as_of IS NULL OR coalesce(j.started, j.finished) <= $as_of)
RETURN j.id AS id, j.started AS at
ORDER BY at DESC, id LIMIT 1
