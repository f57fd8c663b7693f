"""What is owed and must leave, once. Knows neither leads nor reports."""
