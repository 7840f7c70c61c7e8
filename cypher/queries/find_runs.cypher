// Some executions, newest first; the columns of log_executions.
// Parameters: $keys (ids).
UNWIND $keys AS key
MATCH (e:Execution {id: key})
OPTIONAL MATCH (e)-[:STARTED]->(j:Job)
RETURN e.id AS id, e.status AS status, e.command AS command, e.user AS user, e.host AS host, e.project AS project,
       e.directory AS directory, e.started AS started, e.finished AS finished,
       e.headwater_version AS headwater_version, e.python_version AS python_version,
       e.git_commit AS git_commit, e.git_dirty AS git_dirty, e.error AS error, j.id AS job, j.task_name AS task,
       coalesce(e.tags, []) AS tags
ORDER BY id DESC
