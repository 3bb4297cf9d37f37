"""What tests of reward models share."""

from tests.training.conftest import torch_is_here

__all__ = ["torch_is_here"]
