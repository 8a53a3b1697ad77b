"""The orchestrator: jobs as durable workflows, the job service, and the command line."""
