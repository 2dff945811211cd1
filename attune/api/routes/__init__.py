"""One router for each subject; a route makes one service call."""
