"""Sequential as its users see it: compile, fit, evaluate, predict, save."""
