"""The review domain: pure logic, Django models and services."""
