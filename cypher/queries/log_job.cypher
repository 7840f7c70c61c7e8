// One job, and what only its own view shows; its first columns are those of log_jobs.
// Parameters: $id.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (j:Job {id: $id})
OPTIONAL MATCH (p:Job)-[:SPAWNED]->(j)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode) WHERE $as_of IS NULL OR j.finished <= $as_of
RETURN j.id AS id, j.execution_id AS execution, p.id AS parent, j.n AS n, j.task_name AS task, j.task_hash AS task_hash,
       CASE WHEN j.finished > $as_of THEN 'RUNNING' ELSE j.status END AS status, j.started AS started,
       CASE WHEN j.finished > $as_of THEN null ELSE j.finished END AS finished, j.executor AS executor, j.attempt AS attempt,
       CASE WHEN j.finished > $as_of THEN null ELSE j.reason END AS reason, CASE WHEN j.finished > $as_of THEN null ELSE j.error END AS error, c.call_hash AS call,
       CASE WHEN j.finished > $as_of THEN null ELSE coalesce(j.prov_off, c.prov_off) END AS prov_off, CASE WHEN j.finished > $as_of THEN null ELSE j.traceback END AS traceback,
       CASE WHEN j.finished > $as_of THEN null ELSE j.undeclared_writes END AS undeclared_writes,
       CASE WHEN j.finished > $as_of THEN null ELSE j.undeclared_reads END AS undeclared_reads
