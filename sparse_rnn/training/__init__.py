"""What the three trainers share: config, run directory, schedules, loop, metrics."""
