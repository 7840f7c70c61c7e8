// The calls that returned a value without having it from a child: first those that did not take an equal one, then newest first.
// Parameters: $value, $limit.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (c:CallNode)-[:RETURNED]->(v:Value {value_hash: $value})
WHERE NOT EXISTS { MATCH (c)-[:FED_BY {name: 'return'}]->(d:CallNode)-[:RETURNED]->(v) WHERE d <> c }
  AND ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
WITH DISTINCT c, EXISTS { (c)-[:TOOK]->(v) } AS took
RETURN c.call_hash AS call, c.recorded_at AS recorded_at, took
ORDER BY CASE WHEN took THEN 1 ELSE 0 END, recorded_at DESC, call LIMIT $limit
