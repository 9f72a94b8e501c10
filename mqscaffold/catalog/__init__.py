"""The catalog: patterns, services and settings as data, and the model that they are read into."""
