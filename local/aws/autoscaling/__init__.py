"""Application Auto Scaling of endpoint variants: policies that alarms carry out."""
