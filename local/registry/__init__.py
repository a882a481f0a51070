"""The image registry behind the local ECR: the process, and two clients of its HTTP interface."""
