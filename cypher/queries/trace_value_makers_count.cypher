// How many calls returned a value without having it from a child or handing on an argument.
// Parameters: $value.
MATCH (c:CallNode)-[:RETURNED]->(v:Value {value_hash: $value})
WHERE NOT EXISTS { MATCH (c)-[:FED_BY {name: 'return'}]->(d:CallNode)-[:RETURNED]->(v) WHERE d <> c }
  AND NOT EXISTS { (c)-[:TOOK]->(v) }
RETURN count(c) AS makers
