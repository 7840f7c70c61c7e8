// How much of a run's journal the graph holds: what the loader reads before it goes on.
// Parameters: $id.
MATCH (e:Execution {id: $id})
RETURN e.loaded_groups AS groups, e.loaded_offset AS offset, e.loaded_records AS records, e.journal_head AS head,
       e.status AS status
