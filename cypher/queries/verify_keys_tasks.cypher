// The keys of every Task between two hex strings (the second left out).
// Parameters: $from, $to.
MATCH (n:Task)
WHERE n.task_hash >= $from AND n.task_hash < $to
RETURN n.task_hash AS key
