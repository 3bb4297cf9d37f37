"""Tests of preferences."""
