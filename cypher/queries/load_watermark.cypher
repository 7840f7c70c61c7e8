// How much of the run's journal this transaction completes: whole groups, and records of the group after them.
// Parameters: $id, $groups, $offset (byte after the last whole group), $records, $head (hex, after the last whole group).
MATCH (e:Execution {id: $id})
SET e.loaded_groups = $groups, e.loaded_offset = $offset, e.loaded_records = $records, e.journal_head = $head
