// The calls of one task, newest first, with what each of them returned.
// Parameters: $task (its full name). Rows: recorded, call, result, type, size.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (c:CallNode)-[:OF]->(:Task {fullname: $task})
MATCH (c)-[:RETURNED]->(v:Value)
WHERE ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
RETURN c.recorded_at AS recorded, c.call_hash AS call, v.preview AS result, v.type AS type, v.size AS size
ORDER BY recorded DESC, call
