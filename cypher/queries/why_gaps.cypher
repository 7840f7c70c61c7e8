// What some calls depend on that was not recorded (prov=False), of those that depend on anything such.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
WHERE c.gap IS NOT NULL
RETURN key, c.gap AS gap
