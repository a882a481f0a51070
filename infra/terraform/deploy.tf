resource "aws_iam_role" "deploy" {
  name                 = var.deploy_role_name
  description          = "Deploys, prunes and destroys the Whisper endpoint."
  path                 = var.role_path
  permissions_boundary = local.has_boundary ? var.permissions_boundary_arn : null
  assume_role_policy   = data.aws_iam_policy_document.deploy_trust.json
}

data "aws_iam_policy_document" "deploy_trust" {
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

    # Repositories from before 2026-07-15 send their name, newer ones their numbers as well.
    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values = [
        "repo:${var.github_owner}/${var.github_repository}:${var.deploy_subject}",
        "repo:${var.github_owner}@${var.github_owner_id}/${var.github_repository}@${var.github_repository_id}:${var.deploy_subject}",
      ]
    }
  }
}

resource "aws_iam_role_policy" "deploy" {
  name   = "deploy"
  role   = aws_iam_role.deploy.name
  policy = data.aws_iam_policy_document.deploy.json
}

data "aws_iam_policy_document" "deploy" {
  statement {
    sid = "Endpoint"
    actions = [
      "sagemaker:DescribeEndpoint",
      "sagemaker:CreateEndpoint",
      "sagemaker:UpdateEndpoint",
      "sagemaker:DeleteEndpoint",
      "sagemaker:InvokeEndpointAsync",
      "sagemaker:UpdateEndpointWeightsAndCapacities",
      "sagemaker:ListTags",
      "sagemaker:AddTags",
    ]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:endpoint/${var.endpoint_name}"]
  }

  # Names end in twelve hexadecimal digits. One ? each keeps those of an endpoint whisper-2 out of whisper's.
  statement {
    sid = "EndpointConfigs"
    actions = [
      "sagemaker:CreateEndpointConfig",
      "sagemaker:DeleteEndpointConfig",
      "sagemaker:CreateEndpoint",
      "sagemaker:UpdateEndpoint",
      "sagemaker:ListTags",
      "sagemaker:AddTags",
    ]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:endpoint-config/${var.endpoint_name}-????????????"]
  }

  # Application Auto Scaling asks for it, in the name of its caller, on a name that it makes up.
  statement {
    sid       = "AllEndpointConfigs"
    actions   = ["sagemaker:DescribeEndpointConfig"]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:endpoint-config/*"]
  }

  statement {
    sid = "Models"
    actions = [
      "sagemaker:CreateModel",
      "sagemaker:DeleteModel",
      "sagemaker:ListTags",
      "sagemaker:AddTags",
    ]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:model/${var.endpoint_name}-????????????"]
  }

  # Nothing is removed that any model of the account still names.
  statement {
    sid       = "AllModels"
    actions   = ["sagemaker:DescribeModel"]
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${local.account}:model/*"]
  }

  statement {
    sid       = "PassExecutionRole"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.execution.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }

  statement {
    sid       = "ScalingServiceRole"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["sagemaker.application-autoscaling.amazonaws.com"]
    }
  }

  # The ARN of a scalable target holds a number of AWS's. Whoever registers one needs the endpoint's
  # UpdateEndpointWeightsAndCapacities too.
  statement {
    sid = "ScalableTarget"
    actions = [
      "application-autoscaling:RegisterScalableTarget",
      "application-autoscaling:DeregisterScalableTarget",
      "application-autoscaling:PutScalingPolicy",
      "application-autoscaling:DeleteScalingPolicy",
    ]
    resources = ["arn:${local.partition}:application-autoscaling:${local.region}:${local.account}:scalable-target/*"]

    condition {
      test     = "StringEquals"
      variable = "application-autoscaling:service-namespace"
      values   = ["sagemaker"]
    }

    condition {
      test     = "StringEquals"
      variable = "application-autoscaling:scalable-dimension"
      values   = ["sagemaker:variant:DesiredInstanceCount"]
    }
  }

  statement {
    sid       = "TagScalableTarget"
    actions   = ["application-autoscaling:TagResource"]
    resources = ["arn:${local.partition}:application-autoscaling:${local.region}:${local.account}:scalable-target/*"]

    condition {
      test     = "StringLike"
      variable = "aws:RequestTag/whisper-sagemaker"
      values   = [var.endpoint_name]
    }
  }

  statement {
    sid = "Alarms"
    actions = [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:DeleteAlarms",
      "cloudwatch:ListTagsForResource",
      "cloudwatch:TagResource",
    ]
    resources = [
      "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.endpoint_name}-idle",
      "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.endpoint_name}-wake",
    ]
  }

  # Application Auto Scaling makes them for the target tracking policy, with the rights of its caller.
  statement {
    sid = "TargetTrackingAlarms"
    actions = [
      "cloudwatch:DescribeAlarms",
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:DeleteAlarms",
    ]
    resources = ["arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:TargetTracking-endpoint/${var.endpoint_name}/variant/AllTraffic-*"]
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
    sid = "Bucket"
    actions = [
      "s3:ListBucket",
      "s3:ListBucketMultipartUploads",
      "s3:GetBucketVersioning",
    ]
    resources = ["arn:${local.partition}:s3:::${local.bucket}"]
  }

  dynamic "statement" {
    for_each = local.own_bucket ? [1] : []

    content {
      sid = "OwnBucket"
      actions = [
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:TagResource",
        "s3:GetBucketTagging",
        "s3:GetBucketPublicAccessBlock",
        "s3:PutBucketPublicAccessBlock",
        "s3:GetLifecycleConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutEncryptionConfiguration",
      ]
      resources = ["arn:${local.partition}:s3:::whisper-sagemaker-${local.account}-${local.region}"]
    }
  }

  statement {
    sid = "Objects"
    actions = [
      "s3:GetObject",
      "s3:PutObject",
      "s3:DeleteObject",
      "s3:ListMultipartUploadParts",
      "s3:AbortMultipartUpload",
    ]
    resources = ["arn:${local.partition}:s3:::${local.bucket}/${var.prefix}${var.endpoint_name}/*"]
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
      "ecr:BatchCheckLayerAvailability",
      "ecr:GetDownloadUrlForLayer",
      "ecr:BatchGetImage",
      "ecr:InitiateLayerUpload",
      "ecr:UploadLayerPart",
      "ecr:CompleteLayerUpload",
      "ecr:PutImage",
    ]
    resources = ["arn:${local.partition}:ecr:${local.region}:${local.account_of_repository}:repository/${var.repository_name}"]
  }

  dynamic "statement" {
    for_each = local.own_repository ? [1] : []

    content {
      sid = "OwnRepository"
      actions = [
        "ecr:CreateRepository",
        "ecr:DeleteRepository",
        "ecr:TagResource",
        "ecr:ListTagsForResource",
        "ecr:GetRepositoryPolicy",
        "ecr:BatchDeleteImage",
      ]
      resources = ["arn:${local.partition}:ecr:${local.region}:${local.account}:repository/${var.repository_name}"]
    }
  }

  dynamic "statement" {
    for_each = local.has_base_image ? [1] : []

    content {
      sid = "BaseImage"
      actions = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
      ]
      resources = [var.base_image_repository_arn]
    }
  }

  dynamic "statement" {
    for_each = local.has_key ? [1] : []

    content {
      sid = "Key"
      actions = [
        "kms:Decrypt",
        "kms:GenerateDataKey",
      ]
      resources = [var.kms_key_arn]
    }
  }

  # For the disks of the instances, which SageMaker encrypts in the name of who creates the endpoint.
  dynamic "statement" {
    for_each = local.has_key ? [1] : []

    content {
      sid       = "KeyOfDisks"
      actions   = ["kms:CreateGrant"]
      resources = [var.kms_key_arn]

      condition {
        test     = "Bool"
        variable = "kms:GrantIsForAWSResource"
        values   = ["true"]
      }
    }
  }

  # IAM knows no narrower resource for these.
  statement {
    sid = "WholeAccount"
    actions = [
      "sagemaker:ListModels",
      "sagemaker:ListEndpointConfigs",
      "application-autoscaling:DescribeScalableTargets",
      "application-autoscaling:DescribeScalingPolicies",
      "cloudwatch:GetMetricData",
      "ecr:GetAuthorizationToken",
      "servicequotas:ListServiceQuotas",
      "servicequotas:ListAWSDefaultServiceQuotas",
    ]
    resources = ["*"]
  }
}
