// The states that states of handles came from; left alone where they are known.
// Parameters: $rows of [state, kind, key, name, type, origin, parents, made, ran].
UNWIND $rows AS r
MATCH (h:Handle {state: r[0]})
WHERE NOT EXISTS { (h)-[:CAME_FROM]->() }
WITH h, r[6] AS parents
UNWIND parents AS parent
MATCH (p:Handle {state: parent})
CREATE (h)-[:CAME_FROM]->(p)
