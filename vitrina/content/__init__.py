"""The content domain: pure logic, Django models and services."""
