// The files inside what calls took. (The classes of values are recorded like files, and are none.)
// Parameters: $keys (call hashes).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})-[k:TOOK]->(:Value)-[:REFERS_TO]->(f:File)
WHERE NOT f.evidence IN ['class', 'value']
RETURN key, k.name AS name, k.position AS position, f.file_hash AS file, f.path AS path, f.evidence AS evidence,
       f.digest AS digest, f.size AS size
ORDER BY path
