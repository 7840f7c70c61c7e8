// Values with what is known of them, and the files inside. (The classes of values are recorded like files, and are none.)
// Parameters: $keys (value hashes). One row with a list of rows, as of trace_calls.
UNWIND $keys AS key
MATCH (v:Value {value_hash: key})
RETURN collect([key, v.type, v.size, v.preview,
  [(v)-[:REFERS_TO]->(f:File) WHERE NOT f.evidence IN ['class', 'value'] |
    [f.file_hash, f.path, f.evidence, f.digest, f.size]]]) AS rows
