// Seals for comparison with their files; every one that the graph has.
// Parameters: $properties (that such a node may have).
MATCH (s:Seal)
WHERE s.id IS NOT NULL
RETURN s.id AS id, [name IN keys(s) WHERE NOT name IN $properties] AS extra, s.number AS number,
       s.previous AS previous, s.at AS at, s.size AS size, s.root AS root, s.key AS key, s.signature AS signature,
       s.journals AS journals
ORDER BY number
