// The calls a call made, in order; left alone where they are known already.
// Parameters: $rows of [parent's call_hash, [[call_hash, order], ...]].
UNWIND $rows AS g
MATCH (p:CallNode {call_hash: g[0]})
WHERE NOT EXISTS { (p)-[:CALLED]->() }
WITH p, g[1] AS children
UNWIND children AS r
WITH p, r
MATCH (c:CallNode {call_hash: r[0]})
CREATE (p)-[:CALLED {order: r[1]}]->(c)
