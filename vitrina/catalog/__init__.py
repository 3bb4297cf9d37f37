"""The catalog domain: pure logic, Django models and services."""
