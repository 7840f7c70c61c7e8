// One execution, with its root job; the same columns as log_executions.
// Parameters: $id.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution {id: $id})
OPTIONAL MATCH (e)-[:STARTED]->(j:Job)
RETURN e.id AS id, CASE WHEN e.finished > $as_of THEN 'RUNNING' ELSE e.status END AS status, e.command AS command, e.user AS user, e.host AS host, e.project AS project,
       e.directory AS directory, e.started AS started, CASE WHEN e.finished > $as_of THEN null ELSE e.finished END AS finished,
       e.headwater_version AS headwater_version, e.python_version AS python_version,
       e.git_commit AS git_commit, e.git_dirty AS git_dirty, CASE WHEN e.finished > $as_of THEN null ELSE e.error END AS error, j.id AS job, j.task_name AS task,
       [i IN range(0, size(coalesce(e.tags, [])) - 1) WHERE $as_of IS NULL OR coalesce(e.tags_at[i], e.started) <= $as_of | e.tags[i]] AS tags
