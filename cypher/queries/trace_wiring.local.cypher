// Which calls' results fed which calls inside parents, and which became the parents' own ("return"); the parent itself
// stands for what its own function put there.
// Parameters: $keys (the parents' call hashes). Two rows, each with a list of rows: parent, consumer, name, producer.
UNWIND $keys AS key
MATCH (:CallNode {call_hash: key})-[:CALLED]->(c:CallNode)-[f:FED_BY]->(p:CallNode)
WHERE f.within = key
RETURN collect([key, c.call_hash, f.name, p.call_hash]) AS rows
UNION ALL
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})-[f:FED_BY {name: 'return'}]->(p:CallNode)
WHERE f.within = key
RETURN collect([key, c.call_hash, f.name, p.call_hash]) AS rows
