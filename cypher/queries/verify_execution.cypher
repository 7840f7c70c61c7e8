// One run as the graph has it, for comparison with its journal.
// Parameters: $id.
MATCH (e:Execution {id: $id})
OPTIONAL MATCH (e)-[:STARTED]->(j:Job)
WITH e, collect(j.id) AS roots
OPTIONAL MATCH (k:Job {execution_id: $id})
RETURN {command: e.command, user: e.user, host: e.host, project: e.project, directory: e.directory,
        headwater_version: e.headwater_version, python_version: e.python_version, git_commit: e.git_commit,
        git_dirty: e.git_dirty, environment: e.environment, tags: e.tags} AS facts,
       e.started AS started, e.finished AS finished, e.status AS status, e.error AS error,
       e.journal_head AS journal_head, e.loaded_groups AS loaded_groups, roots, count(k) AS jobs
