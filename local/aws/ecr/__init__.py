"""Amazon ECR: its API, and the gate through which Docker clients reach the registry."""
