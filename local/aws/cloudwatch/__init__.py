"""Amazon CloudWatch: metrics, metric math and alarms that really fire."""
