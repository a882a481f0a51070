"""Amazon SageMaker hosting: models, endpoint configurations and asynchronous endpoints that really run."""
