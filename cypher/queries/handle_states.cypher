// All states of the handles that some states belong to.
// Parameters: $states. One row with a list of rows: state, the executions that made it last and that ran from it last, or
// null, [state it came from, ...].
UNWIND $states AS state
MATCH (h:Handle {state: state})
WITH DISTINCT h.origin AS origin
MATCH (s:Handle {origin: origin})
OPTIONAL MATCH (s)-[:CAME_FROM]->(p:Handle)
WITH s, collect(p.state) AS parents
RETURN collect([s.state, s.made_in, s.ran_in, parents]) AS rows
