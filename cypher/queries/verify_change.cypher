// One change as the graph has it, for comparison with its journal.
// Parameters: $id.
MATCH (c:Change {id: $id})
OPTIONAL MATCH (c)-[:ENDED]->(n)
WITH c, collect(n.id) AS ended
RETURN properties(c) AS properties, ended
