variable "github_owner" {
  type        = string
  description = "Owner of the repository whose workflows assume the roles, written as GitHub writes it."

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]*$", var.github_owner))
    error_message = "github_owner must match ^[A-Za-z0-9][A-Za-z0-9-]*$"
  }
}

variable "github_owner_id" {
  type        = string
  description = "Number of the owner: gh api /repos/OWNER/REPOSITORY --jq .owner.id"

  validation {
    condition     = can(regex("^[0-9]+$", var.github_owner_id))
    error_message = "github_owner_id must match ^[0-9]+$"
  }
}

variable "github_repository" {
  type        = string
  description = "Name of the repository, without its owner, written as GitHub writes it."

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must match ^[A-Za-z0-9._-]+$"
  }
}

variable "github_repository_id" {
  type        = string
  description = "Number of the repository: gh api /repos/OWNER/REPOSITORY --jq .id"

  validation {
    condition     = can(regex("^[0-9]+$", var.github_repository_id))
    error_message = "github_repository_id must match ^[0-9]+$"
  }
}

variable "deploy_subject" {
  type        = string
  description = "Jobs that may deploy, prune and destroy, as the end of their token's subject. For example environment:NAME or ref:refs/heads/main."
  default     = "environment:production"

  validation {
    condition     = can(regex("^[^:]+:.+$", var.deploy_subject))
    error_message = "deploy_subject must match ^[^:]+:.+$"
  }
}

variable "plan_subject" {
  type        = string
  description = "Jobs that may plan. Every job of the repository by default, because whoever can open a pull request from a branch can run any of them."
  default     = "*"

  validation {
    condition     = can(regex("^.+$", var.plan_subject))
    error_message = "plan_subject must match ^.+$"
  }
}

variable "transcribe_subject" {
  type        = string
  description = "Jobs that may transcribe."
  default     = "ref:refs/heads/main"

  validation {
    condition     = can(regex("^.+$", var.transcribe_subject))
    error_message = "transcribe_subject must match ^.+$"
  }
}

variable "create_oidc_provider" {
  type        = bool
  description = "Whether to make GitHub's OpenID Connect provider. An account has one at most, so take false where it is there already."
  default     = true
}

variable "endpoint_name" {
  type        = string
  description = "Endpoint that the roles are for. A star at the end takes every endpoint whose name begins so. Lower case, because SageMaker writes names so in some ARNs."
  default     = "whisper"

  validation {
    condition     = can(regex("^([a-z0-9](-?[a-z0-9])*|[a-z0-9]+(-[a-z0-9]+)*-?\\*)$", var.endpoint_name))
    error_message = "endpoint_name must match ^([a-z0-9](-?[a-z0-9])*|[a-z0-9]+(-[a-z0-9]+)*-?\\*)$"
  }
}

variable "bucket" {
  type        = string
  description = "Input bucket of the action. When empty, whisper-sagemaker-ACCOUNT-REGION, which the action makes."
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9.-]*$", var.bucket))
    error_message = "bucket must match ^[a-z0-9.-]*$"
  }
}

variable "prefix" {
  type        = string
  description = "Input prefix of the action, with a slash at its end."
  default     = ""

  validation {
    condition     = can(regex("^([^*?]+/)?$", var.prefix))
    error_message = "prefix must match ^([^*?]+/)?$"
  }
}

variable "repository_name" {
  type        = string
  description = "ECR repository of the image."
  default     = "whisper-sagemaker"

  validation {
    condition     = can(regex("^[a-z0-9/._-]+$", var.repository_name))
    error_message = "repository_name must match ^[a-z0-9/._-]+$"
  }
}

variable "repository_account" {
  type        = string
  description = "Account of that repository, when it is another one. The action makes and removes none there."
  default     = ""

  validation {
    condition     = can(regex("^([0-9]{12})?$", var.repository_account))
    error_message = "repository_account must match ^([0-9]{12})?$"
  }
}

variable "model_bucket" {
  type        = string
  description = "Bucket of the weights, when the input model is an s3:// prefix."
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9.-]*$", var.model_bucket))
    error_message = "model_bucket must match ^[a-z0-9.-]*$"
  }
}

variable "model_prefix" {
  type        = string
  description = "That prefix in the bucket, with a slash at its end."
  default     = ""

  validation {
    condition     = can(regex("^([^*?]+/)?$", var.model_prefix))
    error_message = "model_prefix must match ^([^*?]+/)?$"
  }
}

variable "audio_bucket" {
  type        = string
  description = "Bucket of audio that is transcribed where it lies, when the input files has s3:// globs."
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9.-]*$", var.audio_bucket))
    error_message = "audio_bucket must match ^[a-z0-9.-]*$"
  }
}

variable "audio_prefix" {
  type        = string
  description = "Folder of that audio in the bucket, with a slash at its end."
  default     = ""

  validation {
    condition     = can(regex("^([^*?]+/)?$", var.audio_prefix))
    error_message = "audio_prefix must match ^([^*?]+/)?$"
  }
}

variable "publish_bucket" {
  type        = string
  description = "Bucket of the input publish-uri."
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9.-]*$", var.publish_bucket))
    error_message = "publish_bucket must match ^[a-z0-9.-]*$"
  }
}

variable "publish_prefix" {
  type        = string
  description = "Folder of the input publish-uri in that bucket, with a slash at its end."
  default     = ""

  validation {
    condition     = can(regex("^([^*?]+/)?$", var.publish_prefix))
    error_message = "publish_prefix must match ^([^*?]+/)?$"
  }
}

variable "base_image_repository_arn" {
  type        = string
  description = "ARN of the ECR repository of the input base-image, when it is in ECR."
  default     = ""

  validation {
    condition     = can(regex("^(arn:[a-z-]+:ecr:[a-z0-9-]+:[0-9]{12}:repository/[a-z0-9/._-]+)?$", var.base_image_repository_arn))
    error_message = "base_image_repository_arn must match ^(arn:[a-z-]+:ecr:[a-z0-9-]+:[0-9]{12}:repository/[a-z0-9/._-]+)?$"
  }
}

variable "kms_key_arn" {
  type        = string
  description = "ARN of the KMS key of the input kms-key-id, or of a bucket that encrypts with one."
  default     = ""

  validation {
    condition     = can(regex("^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$", var.kms_key_arn))
    error_message = "kms_key_arn must match ^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$"
  }
}

variable "topic_arns" {
  type        = list(string)
  description = "ARNs of the SNS topics of the inputs success-topic and error-topic, separated by commas."
  default     = []
}

variable "in_vpc" {
  type        = bool
  description = "Whether the endpoint runs in a VPC (inputs subnets and security-group-ids)."
  default     = false
}

variable "permissions_boundary_arn" {
  type        = string
  description = "ARN of a managed policy that bounds what the roles may do."
  default     = ""

  validation {
    condition     = can(regex("^(arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+)?$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must match ^(arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+)?$"
  }
}

variable "role_path" {
  type        = string
  description = "Path of the roles."
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]*/)?$", var.role_path))
    error_message = "role_path must match ^/([!-~]*/)?$"
  }
}

variable "deploy_role_name" {
  type        = string
  description = "Name of the role for deploy, prune and destroy, which can plan as well."
  default     = "whisper-sagemaker-deploy"
}

variable "plan_role_name" {
  type        = string
  description = "Name of the role that only reads, for plan."
  default     = "whisper-sagemaker-plan"
}

variable "transcribe_role_name" {
  type        = string
  description = "Name of the role for transcribe."
  default     = "whisper-sagemaker-transcribe"
}

variable "execution_role_name" {
  type        = string
  description = "Name of the role that the endpoint runs under."
  default     = "whisper-sagemaker-execution"
}
