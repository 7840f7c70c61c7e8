// What calls were asked for: their arguments, with the paths of the files in each, and the calls that gave it, inside which
// call they did, and what each of them returned. (The classes of values are recorded like files, and are none.)
// Parameters: $keys (call hashes), $most (of the calls that gave one argument).
UNWIND $keys AS key
MATCH (c:CallNode {call_hash: key})
OPTIONAL MATCH (c)-[k:TOOK]->(v:Value)
RETURN key, c.task_name AS task, k.name AS name, v.value_hash AS value, v.type AS type,
       [(v)-[:REFERS_TO]->(f:File) WHERE NOT f.evidence IN ['class', 'value'] | f.path] AS paths,
       [(c)-[r:FED_BY]->(p:CallNode) WHERE r.name = k.name
        | [p.call_hash, r.within, [(p)-[:RETURNED]->(w:Value) | w.value_hash]]][0..$most] AS fed
