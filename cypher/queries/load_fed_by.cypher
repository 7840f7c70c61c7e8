// Which call's result went into which parameter, inside one parent; left alone where the parent's calls are known
// already, so this comes before load_called.
// What the parent's own function put beside these comes from the parent itself.
// Parameters: $rows of [parent's call_hash, [[consumer's call_hash, parameter name, producer's call_hash], ...]].
UNWIND $rows AS g
MATCH (p:CallNode {call_hash: g[0]})
WHERE NOT EXISTS { (p)-[:CALLED]->() }
WITH g[0] AS parent, g[1] AS edges
UNWIND edges AS r
WITH parent, r
MATCH (consumer:CallNode {call_hash: r[0]})
MATCH (producer:CallNode {call_hash: r[2]})
CREATE (consumer)-[:FED_BY {name: r[1], within: parent}]->(producer)
