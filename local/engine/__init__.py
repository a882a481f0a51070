"""What runs an endpoint's instances: Docker engines and their images, or plain processes in their place."""
