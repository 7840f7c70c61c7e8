// title: Every file from outside belongs to a declared dataset
// severity: warning
// why: Who uses a result has to know where its data came from, under which licence, and how sensitive it is.
// fix: Declare a dataset with the file's path, in .headwater/datasets.toml or in code.
// timeless: origins are those of then.
// each: origins
UNWIND $origins AS o
WITH o
WHERE size(o.datasets) = 0
RETURN o.path + ' comes from outside and belongs to no declared dataset' AS message, ['file:' + o.file] AS nodes,
       o.path AS path
