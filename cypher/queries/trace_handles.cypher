// The states of handles that some calls gave, or would have given of the handles that they took.
// Parameters: $keys (hashes of calls).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
WHERE c.states IS NOT NULL
UNWIND c.states AS state
MATCH (h:Handle {state: state})
RETURN DISTINCT key, state, h.name AS name, h.type AS type
