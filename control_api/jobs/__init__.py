"""Jobs: asked for, looked at, paused, resumed, cancelled."""
