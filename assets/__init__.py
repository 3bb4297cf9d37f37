"""Software-defined assets: thin shells that read, call the domain, write and report. Checks stand beside their asset."""
