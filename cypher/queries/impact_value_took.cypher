// The calls that took a value.
// Parameters: $value.
MATCH (:Value {value_hash: $value})<-[:TOOK]-(c:CallNode)
RETURN DISTINCT c.call_hash AS call
