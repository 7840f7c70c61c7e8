// The calls of one task, newest first, with what each of them returned.
// Parameters: $task (its full name). Rows: recorded, call, result, type, size.
MATCH (c:CallNode)-[:OF]->(:Task {fullname: $task})
MATCH (c)-[:RETURNED]->(v:Value)
RETURN c.recorded_at AS recorded, c.call_hash AS call, v.preview AS result, v.type AS type, v.size AS size
ORDER BY recorded DESC, call
