// title: No personal data reaches an output tagged visibility=public
// severity: error
// why: Personal data may only be given to those for whom its lawful basis holds.
// fix: Take the tag away, or put a task between that makes the data anonymous and says so (declassifies).
// timeless: labels and tags are those of then, and the path of a file never changes.
// param sensitivities = ["personal", "special"]
WITH [t IN $tags WHERE t.key = 'visibility' AND t.value = 'public' | t.id] AS public
UNWIND $labels AS l
WITH l, public
WHERE l.sensitivity IN $sensitivities AND l.id IN public
OPTIONAL MATCH (f:File {file_hash: l.id})
RETURN 'the ' + l.kind + ' ' + coalesce(f.path, left(l.id, 13)) + ' is tagged visibility=public and has '
       + l.sensitivity + ' data of ' + l.dataset AS message, [l.kind + ':' + l.id] AS nodes, f.path AS path
