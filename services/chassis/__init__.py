"""What every service stands on: server, channel, interceptor, errors, settings, telemetry, child processes."""
