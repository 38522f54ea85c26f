"""DIAGNOSE: symptom, cause, repair; one rule a module, and nothing here runs or writes anything."""
