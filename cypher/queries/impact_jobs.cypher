// Every job that made some calls, or was answered with them; its parent, the call which that made, and whether the job
// made further ones.
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})<-[:MADE]-(j:Job)
OPTIONAL MATCH (j)<-[:SPAWNED]-(p:Job)
OPTIONAL MATCH (p)-[:MADE]->(d:CallNode)
RETURN key, j.id AS job, j.status AS status, j.started AS started, j.execution_id AS execution, p.id AS parent,
       d.call_hash AS parent_call, EXISTS { (j)-[:SPAWNED]->() } AS spawned
