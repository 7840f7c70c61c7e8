// The calls that made calls.
// Parameters: $keys (call hashes).
// From the key upwards, in this order: the local graph looks through all that a parent made where the parent comes first.
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})<-[:CALLED]-(p:CallNode)
RETURN DISTINCT key, p.call_hash AS parent
