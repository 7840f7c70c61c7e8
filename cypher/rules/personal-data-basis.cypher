// title: Personal data has a purpose and a lawful basis
// severity: error
// why: Personal data may not be processed without either (GDPR, Articles 5 and 6).
// fix: Say purpose and lawful_basis of the dataset where it is declared.
MATCH (d:Dataset)
WHERE d.sensitivity IN ['personal', 'special'] AND (d.purpose = '' OR d.lawful_basis = '')
  AND NOT EXISTS { MATCH (d)<-[:ENDED]-(e:Change) WHERE $as_of IS NULL OR e.at <= $as_of }
  AND ($as_of IS NULL OR EXISTS { MATCH (d)<-[:ADDED]-(c:Change) WHERE c.at <= $as_of })
RETURN 'the dataset ' + d.name + ' is ' + d.sensitivity + ' and has no '
       + CASE WHEN d.purpose = '' THEN 'purpose' ELSE 'lawful basis' END AS message, ['dataset:' + d.id] AS nodes
