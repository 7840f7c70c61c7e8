// Runs whose code was not what a commit holds: files differed from it, or there was no repository.
// Parameters: none. Rows: started, run, user, commit, differed.
// $as_of: leave out what was recorded later; null for nothing.
MATCH (e:Execution)
WHERE ($as_of IS NULL OR e.started <= $as_of) AND (e.git_commit IS NULL OR e.git_dirty = true)
RETURN e.started AS started, e.id AS run, e.user AS user, e.git_commit AS commit,
       coalesce(e.git_dirty, false) AS differed
ORDER BY started DESC, run
