// The task of a job, and what the call that it made took, with the bytes.
// Parameters: $id (of the job). Rows: task's full name, its options, status, whether it made a call, name, position,
// type, codec, bytes, location; one row without an argument where it took none.
MATCH (j:Job {id: $id})
OPTIONAL MATCH (t:Task {task_hash: j.task_hash})
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode)
OPTIONAL MATCH (c)-[k:TOOK]->(v:Value)
RETURN j.task_name, t.options, j.status, c IS NOT NULL, k.name, k.position, v.type, v.codec, v.bytes, v.location
