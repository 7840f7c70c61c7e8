// Those of some calls under which calls were made that were not recorded (prov=False).
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
WHERE c.prov_off = true
RETURN key, c.task_name AS task
