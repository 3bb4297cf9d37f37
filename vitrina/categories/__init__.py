"""The categories domain: pure logic, Django models and services."""
