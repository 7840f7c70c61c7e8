// The calls that returned a value.
// Parameters: $value.
MATCH (:Value {value_hash: $value})<-[:RETURNED]-(c:CallNode)
RETURN DISTINCT c.call_hash AS call
