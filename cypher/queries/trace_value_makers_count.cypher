// How many calls returned a value without having it from a child.
// Parameters: $value.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (c:CallNode)-[:RETURNED]->(v:Value {value_hash: $value})
WHERE NOT EXISTS { MATCH (c)-[:FED_BY {name: 'return'}]->(d:CallNode)-[:RETURNED]->(v) WHERE d <> c }
  AND ($as_of IS NULL OR EXISTS { MATCH (c)<-[:MADE]-(m:Job) WHERE coalesce(m.finished, m.started) <= $as_of })
RETURN count(c) AS makers
