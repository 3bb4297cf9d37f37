"""The ten acceptance tests of training, measured: what each model reaches, beside what it must reach."""
