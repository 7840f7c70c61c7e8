// The keys of every File between two hex strings (the second left out).
// Parameters: $from, $to.
MATCH (n:File)
WHERE n.file_hash >= $from AND n.file_hash < $to
RETURN n.file_hash AS key
