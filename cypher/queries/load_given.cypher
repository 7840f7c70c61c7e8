// What jobs were given that have made no call of it.
// Parameters: $rows of [job id, [[value_hash, name, position], ...]].
UNWIND $rows AS r
MATCH (j:Job {id: r[0]})
WHERE NOT EXISTS { (j)-[:GIVEN]->() }
WITH j, r[1] AS arguments
UNWIND arguments AS a
MATCH (v:Value {value_hash: a[0]})
CREATE (j)-[:GIVEN {name: a[1], position: a[2]}]->(v)
