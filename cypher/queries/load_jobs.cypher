// Jobs, running or ended, under the job that spawned them, with the call they made.
// Parameters: $execution_id, $rows of [parent's job id or null, [[job id, n, task_name, task_hash, eval_hash, status,
//   started, finished or null (microseconds), executor, attempt, error, traceback, reason, call_hash or null,
//   ["key=value", ...] or null, prov_off: true or null, undeclared_writes or null, undeclared_reads or null], ...]].
UNWIND $rows AS g
OPTIONAL MATCH (p:Job {id: g[0]})
WITH p, g[1] AS jobs
UNWIND jobs AS r
WITH p, r
MERGE (j:Job {id: r[0]})
SET j.execution_id = $execution_id, j.n = r[1], j.task_name = r[2], j.task_hash = r[3], j.eval_hash = r[4],
  j.status = r[5], j.executor = r[8], j.attempt = r[9], j.error = r[10], j.traceback = r[11], j.reason = r[12], j.tags = r[14],
  j.prov_off = r[15], j.undeclared_writes = r[16], j.undeclared_reads = r[17],
  j.started = datetime({epochSeconds: r[6] / 1000000, nanosecond: (r[6] % 1000000) * 1000}),
  j.finished = CASE WHEN r[7] IS NULL THEN null
    ELSE datetime({epochSeconds: r[7] / 1000000, nanosecond: (r[7] % 1000000) * 1000}) END
FOREACH (parent IN CASE WHEN p IS NULL OR EXISTS { (j)<-[:SPAWNED]-() } THEN [] ELSE [p] END |
  CREATE (parent)-[:SPAWNED]->(j))
WITH j, r
WHERE r[13] IS NOT NULL AND NOT EXISTS { (j)-[:MADE]->() }
MATCH (c:CallNode {call_hash: r[13]})
CREATE (j)-[:MADE]->(c)
