# Roles of the GitHub Action whisper-sagemaker, and what each of them may do. docs/rights.md explains them.
# infra/cloudformation.yaml makes the same roles. infra/tests/ compares the two, statement by statement.

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  account   = data.aws_caller_identity.current.account_id

  creates_oidc_provider = var.create_oidc_provider
  own_bucket            = var.bucket == ""
  own_repository        = var.repository_account == ""
  has_model_bucket      = var.model_bucket != ""
  has_audio_bucket      = var.audio_bucket != ""
  has_publish_bucket    = var.publish_bucket != ""
  has_base_image        = var.base_image_repository_arn != ""
  has_key               = var.kms_key_arn != ""
  has_topics            = join("", var.topic_arns) != ""
  runs_in_vpc           = var.in_vpc
  has_boundary          = var.permissions_boundary_arn != ""

  bucket                = local.own_bucket ? "whisper-sagemaker-${local.account}-${local.region}" : var.bucket
  account_of_repository = local.own_repository ? local.account : var.repository_account

  oidc_provider_arn = local.creates_oidc_provider ? aws_iam_openid_connect_provider.github[0].arn : "arn:${local.partition}:iam::${local.account}:oidc-provider/token.actions.githubusercontent.com"
}

resource "aws_iam_openid_connect_provider" "github" {
  count          = local.creates_oidc_provider ? 1 : 0
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}
