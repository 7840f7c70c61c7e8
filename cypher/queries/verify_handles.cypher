// States of handles for comparison with their records.
// Parameters: $keys (states), $properties (that such a node may have).
UNWIND $keys AS key
MATCH (h:Handle {state: key})
OPTIONAL MATCH (h)-[:CAME_FROM]->(p:Handle)
WITH key, h, collect(p.state) AS parents
RETURN key, [name IN keys(h) WHERE NOT name IN $properties] AS extra,
       h.kind AS kind, h.key AS handle_key, h.name AS name, h.type AS type, h.origin AS origin, parents,
       h.made_in AS made_in, h.ran_in AS ran_in
