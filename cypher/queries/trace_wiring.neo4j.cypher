// Which calls' results fed which calls inside parents, and which became the parents' own ("return"); the parent itself
// stands for what its own function put there. By the index of flows: of a call that many share, most flows are in others.
// Parameters: $keys (the parents' call hashes). One row with a list of rows: parent, consumer, name, producer.
UNWIND $keys AS key
MATCH (c:CallNode)-[f:FED_BY {within: key}]->(p:CallNode)
RETURN collect([key, c.call_hash, f.name, p.call_hash]) AS rows
