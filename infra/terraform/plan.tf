resource "aws_iam_role" "plan" {
  name                 = var.plan_role_name
  description          = "Reads what a deploy of the Whisper endpoint would change."
  path                 = var.role_path
  permissions_boundary = local.has_boundary ? var.permissions_boundary_arn : null
  assume_role_policy   = data.aws_iam_policy_document.plan_trust.json
}

data "aws_iam_policy_document" "plan_trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values = [
        "repo:${var.github_owner}/${var.github_repository}:${var.plan_subject}",
        "repo:${var.github_owner}@${var.github_owner_id}/${var.github_repository}@${var.github_repository_id}:${var.plan_subject}",
      ]
    }
  }
}

resource "aws_iam_role_policy" "plan" {
  name   = "plan"
  role   = aws_iam_role.plan.name
  policy = data.aws_iam_policy_document.plan.json
}

data "aws_iam_policy_document" "plan" {
  statement {
    sid = "Endpoint"
    actions = [
      "sagemaker:DescribeEndpoint",
      "sagemaker:ListTags",
    ]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:endpoint/${var.endpoint_name}"]
  }

  statement {
    sid       = "EndpointConfigs"
    actions   = ["sagemaker:DescribeEndpointConfig"]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:endpoint-config/${var.endpoint_name}-????????????"]
  }

  statement {
    sid = "Models"
    actions = [
      "sagemaker:DescribeModel",
      "sagemaker:ListTags",
    ]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:model/${var.endpoint_name}-????????????"]
  }

  statement {
    sid = "Alarms"
    actions = [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:ListTagsForResource",
    ]
    resources = [
      "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.endpoint_name}-idle",
      "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.endpoint_name}-wake",
    ]
  }

  statement {
    sid       = "EndpointLog"
    actions   = ["logs:DescribeLogStreams"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/Endpoints/${var.endpoint_name}:*"]
  }

  statement {
    sid       = "EndpointLogStreams"
    actions   = ["logs:GetLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/sagemaker/Endpoints/${var.endpoint_name}:log-stream:*"]
  }

  statement {
    sid       = "Bucket"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${local.bucket}"]
  }

  dynamic "statement" {
    for_each = local.own_bucket ? [1] : []

    content {
      sid = "OwnBucket"
      actions = [
        "s3:GetBucketTagging",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetLifecycleConfiguration",
      ]
      resources = ["arn:${local.partition}:s3:::whisper-sagemaker-${local.account}-${local.region}"]
    }
  }

  statement {
    sid       = "Claims"
    actions   = ["s3:GetObject"]
    resources = ["arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/jobs/*"]
  }

  dynamic "statement" {
    for_each = local.has_model_bucket ? [1] : []

    content {
      sid       = "ModelBucket"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${var.model_bucket}"]
    }
  }

  statement {
    sid = "Repository"
    actions = [
      "ecr:DescribeRepositories",
      "ecr:DescribeImages",
    ]
    resources = ["arn:${local.partition}:ecr:${local.region}:${local.account_of_repository}:repository/${var.repository_name}"]
  }

  dynamic "statement" {
    for_each = local.has_key ? [1] : []

    content {
      sid       = "Key"
      actions   = ["kms:Decrypt"]
      resources = [var.kms_key_arn]
    }
  }

  statement {
    sid = "WholeAccount"
    actions = [
      "application-autoscaling:DescribeScalableTargets",
      "application-autoscaling:DescribeScalingPolicies",
      "cloudwatch:GetMetricData",
      "servicequotas:ListServiceQuotas",
      "servicequotas:ListAWSDefaultServiceQuotas",
    ]
    resources = ["*"]
  }
}
