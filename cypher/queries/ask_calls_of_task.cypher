// The calls of one task, newest first, with what each of them returned.
// Parameters: $task (its full name). Rows: recorded, call, result, type, size.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (c:CallNode)-[:OF]->(:Task {fullname: $task})
MATCH (c)-[:RETURNED]->(v:Value)
OPTIONAL MATCH (c)<-[:MADE]-(m:Job)
WHERE $as_of IS NOT NULL AND (m.status <> 'CACHED' OR m.reason STARTS WITH 'single reduction') AND m.finished <= $as_of
WITH c, v, CASE WHEN $as_of IS NULL THEN c.recorded_at ELSE max(m.finished) END AS recorded
WHERE $as_of IS NULL OR recorded IS NOT NULL
RETURN recorded, c.call_hash AS call, v.preview AS result, v.type AS type, v.size AS size
ORDER BY recorded DESC, call
