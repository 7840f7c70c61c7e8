// The calls that returned a value.
// Parameters: $value.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (:Value {value_hash: $value})<-[:RETURNED]-(c:CallNode)
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
RETURN DISTINCT c.call_hash AS call
