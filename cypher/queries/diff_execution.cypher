// One execution: its circumstances, and the call that its root job made.
// Parameters: $id.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution {id: $id})
OPTIONAL MATCH (e)-[:STARTED]->(j:Job)
OPTIONAL MATCH (j)-[:MADE]->(c:CallNode) WHERE $as_of IS NULL OR j.finished <= $as_of
RETURN c.call_hash AS call, CASE WHEN e.finished > $as_of THEN 'RUNNING' ELSE e.status END AS status,
       CASE WHEN e.finished > $as_of THEN null ELSE e.error END AS error, e.command AS command, e.user AS user, e.host AS host,
       e.project AS project, e.directory AS directory, e.headwater_version AS headwater_version,
       e.python_version AS python_version, e.git_commit AS git_commit, e.git_dirty AS git_dirty,
       e.environment AS environment, [i IN range(0, size(coalesce(e.tags, [])) - 1) WHERE $as_of IS NULL OR coalesce(e.tags_at[i], e.started) <= $as_of | e.tags[i]] AS tags
