// The evaluations of one task version: what a run asks for before it looks up single ones.
CREATE INDEX evaluation_task IF NOT EXISTS FOR (n:Evaluation) ON (n.task_hash);
