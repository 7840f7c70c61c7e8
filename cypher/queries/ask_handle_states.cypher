// States of handles that calls gave: which call, in which execution last, from which states, and whether they are stale.
// (What came of a stale state is stale, too; it is marked where a state just before it was left again.)
// Columns: state, name, task, made_in, came_from, ran_in, rolled_back.
MATCH (h:Handle)
WHERE h.kind = 'call'
OPTIONAL MATCH (h)-[:CAME_FROM]->(p:Handle)
WITH h, collect(p.state) AS came_from, max(p.ran_in) AS ran_in
OPTIONAL MATCH (c:CallNode {eval_hash: h.key})
RETURN h.state AS state, h.name AS name, head(collect(DISTINCT c.task_name)) AS task, h.made_in AS made_in, came_from,
       ran_in, coalesce(ran_in > h.made_in, false) AS rolled_back
ORDER BY name, made_in, state
