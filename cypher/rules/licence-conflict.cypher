// title: The licences of the data in a result can be kept together
// severity: error
// why: A result that mixes data under licences that exclude each other cannot be given to anybody.
// fix: Leave one of the datasets out, or get another licence for it. What excludes what is in the rule's parameters.
// param conflicts = [["CC-BY-SA-4.0", "GPL-3.0-only"], ["CC-BY-SA-4.0", "ODbL-1.0"], ["CC-BY-NC-SA-4.0", "CC-BY-SA-4.0"], ["CC-BY-NC-SA-4.0", "ODbL-1.0"], ["ODbL-1.0", "GPL-3.0-only"]]
// param underivable = ["CC-BY-ND-4.0", "CC-BY-NC-ND-4.0"]
UNWIND $labels AS l
WITH l
WHERE l.kind IN ['file', 'execution'] AND l.licence <> ''
WITH l.kind AS kind, l.id AS id, collect(DISTINCT l.licence) AS licences
OPTIONAL MATCH (f:File {file_hash: id})
OPTIONAL MATCH (f)-[p:PART_OF]->(own)
WHERE $as_of IS NULL OR EXISTS { MATCH (c:Change {id: p.change}) WHERE c.at <= $as_of }
WITH kind, id, licences, f, count(own) AS owned
WITH kind, id, f, [pair IN $conflicts WHERE pair[0] IN licences AND pair[1] IN licences | pair[0] + ' with ' + pair[1]]
     + [licence IN $underivable WHERE licence IN licences AND owned = 0 | licence + ', which allows nothing derived']
     AS found
UNWIND found AS conflict
RETURN 'the ' + kind + ' ' + coalesce(f.path, left(id, 13)) + ' holds data under ' + conflict AS message,
       [kind + ':' + id] AS nodes, f.path AS path
