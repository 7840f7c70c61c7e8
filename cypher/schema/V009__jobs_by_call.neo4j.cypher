// The jobs that ran one call, where thousands were answered with it.
CREATE INDEX job_evaluation IF NOT EXISTS FOR (n:Job) ON (n.eval_hash, n.status);
