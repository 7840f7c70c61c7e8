// One run as the graph has it, for comparison with its journal.
// Parameters: $id, $properties (that such a node may have).
MATCH (e:Execution {id: $id})
OPTIONAL MATCH (e)-[:STARTED]->(j:Job)
WITH e, collect(j.id) AS roots
OPTIONAL MATCH (k:Job {execution_id: $id})
WITH e, roots, count(k) AS jobs
RETURN {command: e.command, user: e.user, host: e.host, project: e.project, directory: e.directory,
        project_root: e.project_root,
        headwater_version: e.headwater_version, python_version: e.python_version, git_commit: e.git_commit,
        git_dirty: e.git_dirty, environment: e.environment, tags: e.tags} AS facts, e.tags_at AS tags_at,
       e.started AS started, e.finished AS finished, e.status AS status, e.error AS error,
       e.journal_head AS journal_head, e.loaded_groups AS loaded_groups,
       e.loaded_offset AS loaded_offset, e.loaded_records AS loaded_records, roots, jobs,
       [name IN keys(e) WHERE NOT name IN $properties] AS extra
