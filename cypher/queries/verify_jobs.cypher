// Jobs with their parents, the calls they made and what they were given, for comparison with their records.
// Parameters: $keys (job ids), $properties (that such a node may have).
UNWIND $keys AS key
MATCH (j:Job {id: key})
OPTIONAL MATCH (p:Job)-[:SPAWNED]->(j)
WITH key, j, collect(p.id) AS parents
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
WITH key, j, parents, collect(c.call_hash) AS calls
OPTIONAL MATCH (j)-[g:GIVEN]->(v)
WITH key, j, parents, calls, collect([v.value_hash, g.name, g.position]) AS given
RETURN key, [name IN keys(j) WHERE NOT name IN $properties] AS extra,
       j.execution_id AS execution_id, j.n AS n, j.task_name AS task_name, j.task_hash AS task_hash,
       j.eval_hash AS eval_hash, j.status AS status, j.started AS started, j.finished AS finished,
       j.executor AS executor, j.attempt AS attempt, j.error AS error, j.traceback AS traceback, j.reason AS reason,
       j.tags AS tags, j.prov_off AS prov_off, j.undeclared_writes AS undeclared_writes,
       j.undeclared_reads AS undeclared_reads, parents, calls, given
