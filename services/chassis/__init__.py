"""What every service stands on: server, channel, errors, settings, telemetry, child processes."""
